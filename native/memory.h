// Long-lived memory: anonymous pages, or a file mapped. Nothing is touched before it is used.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

namespace vireo {

enum class MapMode { kRead, kCreate };

class Memory {
 public:
  ~Memory();
  // Each returns a buffer's id, or −1 with a sentence in `error`.
  int allocate(size_t bytes, std::string& error);
  // kCreate makes the file with that size and writes through to it; kRead maps its first `bytes`
  // bytes.
  int map(const std::string& path, size_t bytes, MapMode mode, std::string& error);
  bool flush(int id, std::string& error);
  void release(int id);
  // Null if the id is unknown or [offset, offset + bytes) does not lie inside.
  uint8_t* at(int id, uint64_t offset, uint64_t bytes) const;
  size_t size(int id) const;

 private:
  struct Buffer {
    uint8_t* data = nullptr;
    size_t bytes = 0;
  };
  int add(Buffer buffer);
  std::vector<Buffer> buffers_;
};

}  // namespace vireo
