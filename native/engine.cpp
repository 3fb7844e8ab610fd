#include "engine.h"

namespace vireo {

Engine::Engine(const KernelTable& kernels, int threads)
    : table(kernels), pool(threads), thread_([this] { loop(); }) {}

// Finishes queued work first, so that every promise settles.
Engine::~Engine() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void Engine::submit(Work work, Done done) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.emplace_back(std::move(work), std::move(done));
  }
  ready_.notify_one();
}

void Engine::loop() {
  flush_subnormals();
  for (;;) {
    std::pair<Work, Done> next;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next.second(next.first());
  }
}

}  // namespace vireo
