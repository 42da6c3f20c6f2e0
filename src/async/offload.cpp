#include "offboard/async/offload.hpp"

#include <algorithm>
#include <condition_variable>
#include <pthread.h>
#include <vector>

namespace offboard::async {

/// The calls that have been handed over and have not ended.
struct offload_pool::calls {
    explicit calls(std::string n) : name(std::move(n)) {}

    void begin() {
        const std::lock_guard lock(mutex);
        ++unfinished;
    }
    void end() {
        const std::lock_guard lock(mutex);
        --unfinished;
        ended.notify_all();
    }
    bool wait_for_all() {
        std::unique_lock lock(mutex);
        return ended.wait_for(lock, longest_wait, [this] { return unfinished == 0; });
    }

    const std::string name;
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t unfinished = 0;
};

void offload_pool::ticket::expect(const boost::asio::any_io_executor& home) {
    // The home loop must not run dry while its coroutine waits for another thread.
    home_ = boost::asio::prefer(home, boost::asio::execution::outstanding_work.tracked);
}

void offload_pool::ticket::withdraw() {
    const std::lock_guard lock(mutex_);
    home_.reset();
}

void offload_pool::ticket::deliver(std::function<void()> done) {
    const std::lock_guard lock(mutex_);
    if (!home_) return;
    boost::asio::post(*home_, std::move(done));
    home_.reset();
}

namespace {

/// Never destroyed: the destructor of a pool waits for its threads.
void leave_behind(std::unique_ptr<boost::asio::thread_pool> threads) {
    static std::mutex mutex;
    static auto* const left = new std::vector<std::unique_ptr<boost::asio::thread_pool>>();
    const std::lock_guard lock(mutex);
    left->push_back(std::move(threads));
}

} // namespace

offload_pool::offload_pool(std::string name, std::size_t threads)
    : threads_(std::make_unique<boost::asio::thread_pool>(threads)) {
    name.resize(std::min<std::size_t>(name.size(), 15)); // what Linux takes
    calls_ = std::make_shared<calls>(std::move(name));
}

offload_pool::~offload_pool() {
    if (calls_->wait_for_all()) {
        threads_->join();
    } else {
        threads_->stop();
        leave_behind(std::move(threads_));
    }
}

void offload_pool::submit(std::shared_ptr<ticket> asked, std::function<void()> work,
                          std::function<void()> done) {
    calls_->begin();
    boost::asio::post(*threads_, [all = calls_, asked = std::move(asked), work = std::move(work),
                                  done = std::move(done)]() mutable {
        pthread_setname_np(pthread_self(), all->name.c_str());
        work();
        work = nullptr;
        asked->deliver(std::move(done));
        all->end();
    });
}

} // namespace offboard::async
