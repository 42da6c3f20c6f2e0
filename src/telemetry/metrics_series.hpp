#pragma once

#include "offboard/telemetry/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace offboard::telemetry {

/// What every series of a family shares.
template <std::size_t Labels>
struct family_shape {
    const char* name;
    const char* help; ///< one line without backslashes: the library writes it as it is
    std::array<const char*, Labels> labels;
    std::size_t open;            ///< index of the label that becomes `other` first
    std::vector<double> buckets; ///< of a histogram: upper bounds, inclusive
};

/// A family's series, found by their label values without building the library's label map. The library never
/// forgets a series by itself, so the references stay good; its own look-up takes a lock and a std::map.
template <class Metric, std::size_t Labels>
class series {
public:
    using values = std::array<std::string_view, Labels>;

    series(prometheus::Registry& registry, family_shape<Labels> shape, std::size_t most)
        : shape_(std::move(shape)), family_(add_to(registry)), most_(std::max<std::size_t>(most, 4)) {}

    Metric& at(const values& wanted) {
        const auto found = known_.find(wanted);
        return found != known_.end() ? *found->second : admit(wanted);
    }

private:
    static constexpr std::string_view other = "other";

    /// Looks an array of views up among arrays of strings.
    struct hash {
        using is_transparent = void;
        template <class Text>
        std::size_t operator()(const std::array<Text, Labels>& key) const noexcept {
            std::size_t sum = 0;
            for (const Text& t : key)
                sum = sum * 31 + std::hash<std::string_view>{}(t);
            return sum;
        }
    };
    struct equal {
        using is_transparent = void;
        template <class Left, class Right>
        bool operator()(const std::array<Left, Labels>& l,
                        const std::array<Right, Labels>& r) const noexcept {
            return std::equal(l.begin(), l.end(), r.begin());
        }
    };

    prometheus::Family<Metric>& add_to(prometheus::Registry& registry) const {
        const auto build = [&](auto builder) -> prometheus::Family<Metric>& {
            return builder.Name(shape_.name).Help(shape_.help).Register(registry);
        };
        if constexpr (std::is_same_v<Metric, prometheus::Counter>)
            return build(prometheus::BuildCounter());
        else if constexpr (std::is_same_v<Metric, prometheus::Gauge>)
            return build(prometheus::BuildGauge());
        else
            return build(prometheus::BuildHistogram());
    }

    /// The bound of the family, and the last look at each value, are here: only unseen values come this way.
    Metric& admit(values wanted) {
        for (std::string_view& value : wanted)
            if (!word::fits(value)) value = other;
        if (known_.size() >= most_ - most_ / 4) {
            if constexpr (Labels > 0) wanted[shape_.open] = other;
        }
        if (known_.size() >= most_ - 1 && !known_.contains(wanted)) wanted.fill(other);
        if (const auto found = known_.find(wanted); found != known_.end()) return *found->second;

        std::array<std::string, Labels> key;
        prometheus::Labels labels;
        for (std::size_t i = 0; i < Labels; ++i) {
            key[i] = wanted[i];
            labels.emplace(shape_.labels[i], wanted[i]);
        }
        Metric* made = nullptr;
        if constexpr (std::is_same_v<Metric, prometheus::Histogram>)
            made = &family_.Add(labels, shape_.buckets);
        else
            made = &family_.Add(labels);
        known_.emplace(std::move(key), made);
        return *made;
    }

    const family_shape<Labels> shape_;
    prometheus::Family<Metric>& family_;
    const std::size_t most_;
    std::unordered_map<std::array<std::string, Labels>, Metric*, hash, equal> known_;
};

} // namespace offboard::telemetry
