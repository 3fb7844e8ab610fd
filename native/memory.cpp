#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vireo {

Memory::~Memory() {
  for (size_t id = 0; id < buffers_.size(); ++id) release((int)id);
}

int Memory::add(Buffer buffer) {
  for (size_t id = 0; id < buffers_.size(); ++id)
    if (!buffers_[id].data) {
      buffers_[id] = buffer;
      return (int)id;
    }
  buffers_.push_back(buffer);
  return (int)buffers_.size() - 1;
}

int Memory::allocate(size_t bytes, std::string& error) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (data == MAP_FAILED) {
    error = std::string("cannot reserve memory: ") + strerror(errno);
    return -1;
  }
#ifdef MADV_HUGEPAGE
  madvise(data, bytes, MADV_HUGEPAGE);  // fewer address translations: matrix products gain a sixth
#endif
  return add({(uint8_t*)data, bytes});
}

// Reserves the whole file on disk. With ftruncate alone a full disk would be a fault at the first
// write instead of an error here.
static int reserve_on_disk(int file, size_t bytes) {
#ifdef __APPLE__
  fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, (off_t)bytes, 0};
  if (fcntl(file, F_PREALLOCATE, &store) == -1) return errno;
  return ftruncate(file, (off_t)bytes) == 0 ? 0 : errno;
#else
  return posix_fallocate(file, 0, (off_t)bytes);
#endif
}

int Memory::map(const std::string& path, size_t bytes, MapMode mode, std::string& error) {
  const bool create = mode == MapMode::kCreate;
  const int file = open(
      path.c_str(), create ? O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0644);
  if (file < 0) {
    error = std::string("cannot open: ") + strerror(errno);
    return -1;
  }
  struct stat info;
  void* data = MAP_FAILED;
  const int failed = create                    ? reserve_on_disk(file, bytes)
                     : fstat(file, &info) != 0 ? errno
                                               : 0;
  if (failed) error = std::string("cannot size: ") + strerror(failed);
  else if (!create && (uint64_t)info.st_size < bytes) error = "the file is shorter than expected";
  else {
    data = mmap(nullptr, bytes, create ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
    if (data == MAP_FAILED) error = std::string("cannot map: ") + strerror(errno);
  }
  close(file);
  if (data == MAP_FAILED) {
    if (create) unlink(path.c_str());
    return -1;
  }
  return add({(uint8_t*)data, bytes});
}

bool Memory::flush(int id, std::string& error) {
  if (id < 0 || (size_t)id >= buffers_.size() || !buffers_[id].data) {
    error = "no such buffer";
    return false;
  }
  if (msync(buffers_[id].data, buffers_[id].bytes, MS_SYNC) == 0) return true;
  error = std::string("cannot write: ") + strerror(errno);
  return false;
}

void Memory::release(int id) {
  if (id < 0 || (size_t)id >= buffers_.size() || !buffers_[id].data) return;
  munmap(buffers_[id].data, buffers_[id].bytes);
  buffers_[id] = {};
}

uint8_t* Memory::at(int id, uint64_t offset, uint64_t bytes) const {
  if (id < 0 || (size_t)id >= buffers_.size()) return nullptr;
  const Buffer& b = buffers_[id];
  if (!b.data || offset > b.bytes || bytes > b.bytes - offset) return nullptr;
  return b.data + offset;
}

size_t Memory::size(int id) const {
  return id < 0 || (size_t)id >= buffers_.size() ? 0 : buffers_[id].bytes;
}

}  // namespace vireo
