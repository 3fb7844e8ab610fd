// A fixed pool. run() calls work(part, parts) once on every thread, the caller being part 0.
#pragma once
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace vireo {

// All parts meet here. Spins briefly, then sleeps, so that a withheld core costs the others little.
class Barrier {
 public:
  explicit Barrier(int parts) : parts_(parts) {}
  void wait();

 private:
  const int parts_;
  std::atomic<int> arrived_{0};
  std::atomic<uint32_t> round_{0};
};

class Pool {
 public:
  explicit Pool(int threads);
  ~Pool();
  int size() const { return (int)workers_.size() + 1; }
  void run(const std::function<void(int part, int parts)>& work);

 private:
  void loop(int part);

  std::vector<std::thread> workers_;
  const std::function<void(int, int)>* work_ = nullptr;
  std::atomic<uint32_t> generation_{0};
  std::atomic<int> running_{0};
  std::atomic<bool> stop_{false};
};

// Treats subnormal numbers as zero on this thread: a decaying Mamba state would otherwise crawl
// through them.
void flush_subnormals();

}  // namespace vireo
