// One set of kernels with its threads and memory, and the queue of work it does off the JavaScript
// thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "memory.h"
#include "program.h"

namespace vireo {

class Engine {
 public:
  // Work returns an empty string, or what went wrong; `done` is then called on the queue's thread.
  using Work = std::function<std::string()>;
  using Done = std::function<void(std::string)>;

  Engine(const KernelTable& table, int threads);
  ~Engine();

  void submit(Work work, Done done);

  Memory memory;
  std::vector<MatrixRecord> matrices;
  const KernelTable table;
  Pool pool;

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::pair<Work, Done>> queue_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace vireo
