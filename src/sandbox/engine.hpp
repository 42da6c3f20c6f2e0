#pragma once

#include "faults.hpp"
#include "record.hpp"
#include "world.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sandbox {

/// What the server has to do for one request.
struct outcome {
    answer reply;
    delivery how = delivery::whole;
    micros delay = micros(0);
    /// Number of the record to close by `engine::finished`; 0 for what is not a vendor's call.
    std::uint64_t seq = 0;
    /// Every stalled exchange is to be closed now.
    bool release_stalls = false;
};

/// The sandbox without its sockets: routes a request to a vendor or to the controls, draws faults, keeps the
/// record. Single-threaded; time is an argument.
class engine {
public:
    explicit engine(token_source make_token);

    outcome receive(const request& r, micros now);

    /// The exchange is over, answered or broken off.
    void finished(std::uint64_t seq, micros now);

    /// A request that was no HTTP is not recorded; everything else is here.
    [[nodiscard]] const record& received() const { return record_; }
    [[nodiscard]] world& state() { return world_; }

private:
    outcome vendor_call(std::string_view call, const request& r, micros now);
    answer handle(std::string_view call, const request& r, world& w, micros now);
    outcome control(const request& r, micros now);

    token_source make_token_;
    world world_;
    fault_queue faults_;
    record record_;
};

/// The name of the vendor call that a path stands for, or nothing.
[[nodiscard]] std::string_view call_at(std::string_view method, std::string_view path);

} // namespace sandbox
