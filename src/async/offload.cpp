#include "offboard/async/offload.hpp"

#include <pthread.h>

namespace offboard::async {

offload_pool::offload_pool(std::string name, std::size_t threads)
    : name_(std::move(name)), threads_(threads) {
    name_.resize(std::min<std::size_t>(name_.size(), 15)); // what Linux takes
}

offload_pool::~offload_pool() {
    threads_.join();
}

void offload_pool::submit(const boost::asio::any_io_executor& home, std::function<void()> work,
                          std::function<void()> done) {
    // The home loop must not run dry while its coroutine waits for another thread.
    auto busy = boost::asio::prefer(home, boost::asio::execution::outstanding_work.tracked);
    boost::asio::post(threads_, [this, busy, work = std::move(work), done = std::move(done)]() mutable {
        pthread_setname_np(pthread_self(), name_.c_str());
        work();
        work = nullptr;
        boost::asio::post(busy, std::move(done));
    });
}

} // namespace offboard::async
