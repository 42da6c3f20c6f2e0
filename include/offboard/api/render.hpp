#pragma once

#include "offboard/config/settings.hpp"
#include "offboard/domain/operation.hpp"
#include "offboard/engine/batching.hpp"
#include "offboard/engine/waiting.hpp"

#include <bitset>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace offboard::api {

/// The contract's JSON of an operation, made in parts: one of 100,000 steps takes half a second, and the
/// network thread has other things to do. The operation may change between two parts. Each customer is shown
/// as it was when its part was made, and status and summary are a recount of what is shown.
class rendering {
public:
    /// What an answer tells beside the operation itself.
    struct surroundings {
        engine::waiting_view waiting; ///< what its pending steps wait for; of no use once it is settled
        std::bitset<vendor_count> configured; ///< vendors, by number
    };
    explicit rendering(std::shared_ptr<const operation>, const surroundings& around = {});

    /// Goes on with about so many steps, one customer at least. False when everything has been rendered.
    bool go_on(std::size_t steps);

    /// What was rendered, once: after go_on() has returned false.
    std::string take();
    /// How far what is shown is; pending until the journal has the end.
    progress state() const noexcept;

private:
    std::optional<wall_time> settled_at() const noexcept;

    std::shared_ptr<const operation> op_;
    const surroundings around_;
    std::optional<wall_time> settled_before_; ///< as it was when the first part was made
    summary counted_;
    std::string customers_; ///< their JSON, one after the other
};

/// The vendors that the configuration has, by number.
std::bitset<vendor_count> configured_in(const config::settings&);

/// One operation of the answer to a lookup: its id, times and progress, without identifiers.
std::string render_found(const operation&, const std::bitset<vendor_count>& configured);
/// The answer to a lookup, of those.
std::string render_lookup(const std::vector<std::string>& found);

/// Bytes. A dry run whose answer would be longer has none.
inline constexpr std::size_t longest_dry_run = 16u << 20;

/// The contract's JSON of a dry run: no id, and no secret, for the calls are not authorised. Nothing when it
/// would be too long. Any thread: it uses what never changes of the settings.
std::optional<std::string> render_dry_run(const offboarding&, const std::vector<engine::planned_call>&,
                                          const config::settings&);

} // namespace offboard::api
