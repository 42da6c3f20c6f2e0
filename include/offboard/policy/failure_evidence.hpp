#pragma once

#include <string>
#include <string_view>

namespace offboard::policy {

/// Which customers were in the calls that failed in a row since the last success. A breaker that opened
/// because of one customer alone says little about the vendor: the vendor may fail at that customer only. One
/// for each breaker. Sans-I/O; owned by the vendor's queue, one thread.
class failure_evidence {
public:
    /// A call failed. `customer`: the only customer in the call; empty when there were several.
    void failed(std::string_view customer) {
        if (customer.empty() || (!customer_.empty() && customer_ != customer)) several_ = true;
        customer_ = customer;
    }
    void succeeded() {
        customer_.clear();
        several_ = false;
    }
    /// True when there were failures, and all of them were calls for one and the same customer.
    bool of_one() const noexcept { return !several_ && !customer_.empty(); }
    /// That customer; meaningless unless of_one().
    const std::string& customer() const noexcept { return customer_; }

private:
    std::string customer_;
    bool several_ = false;
};

} // namespace offboard::policy
