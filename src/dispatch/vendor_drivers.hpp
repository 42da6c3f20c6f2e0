#pragma once

#include "vendor_driver.hpp"

#include "offboard/domain/vendor.hpp"
#include "offboard/domain/vendor_rules.hpp"

#include <array>
#include <memory>

namespace offboard::dispatch {

/// The drivers of the vendors that are configured. Owned by the dispatcher; network thread only.
class vendor_drivers {
public:
    vendor_drivers(const vendor_services& services, const engine::shapes& forms) {
        for (const vendor v : all_vendors)
            if (services.settings.of(v))
                all_[index(v)] = std::make_unique<vendor_driver>(services, v, forms[index(v)]);
    }

    /// Null where the vendor is not configured.
    vendor_driver* of(vendor v) const noexcept { return all_[index(v)].get(); }
    /// Calls `act(driver)` for each.
    template <class Act>
    void each(Act act) const {
        for (const auto& driver : all_)
            if (driver) act(*driver);
    }
    engine::vendor_view view_of(action a) const {
        const vendor_driver* const driver = of(vendor_of(a));
        return driver ? driver->view_of(a) : engine::vendor_view();
    }
    void pump() const {
        each([](vendor_driver& d) { d.pump(); });
    }

private:
    static std::size_t index(vendor v) noexcept { return static_cast<std::size_t>(v); }
    std::array<std::unique_ptr<vendor_driver>, vendor_count> all_;
};

} // namespace offboard::dispatch
