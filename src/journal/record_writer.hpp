#pragma once

#include "record_words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard::journal::record {

/// Puts members into an object of a record, defaults left out. All it makes lives in the storage given.
class writer {
public:
    explicit writer(boost::json::storage_ptr sp) : object_(usual_size, std::move(sp)) {}

    void flag(std::string_view name, bool value) {
        if (value) object_.emplace(view(name), true);
    }
    void flag(std::string_view name, const std::optional<bool>& value) {
        if (value) object_.emplace(view(name), *value);
    }
    void number(std::string_view name, std::int64_t value) {
        if (value != 0) object_.emplace(view(name), value);
    }
    void number(std::string_view name, const std::optional<std::int64_t>& value) {
        if (value) object_.emplace(view(name), *value);
    }
    void text(std::string_view name, std::string_view value) {
        if (!value.empty()) object_.emplace(view(name), view(value));
    }
    template <class Enum>
    void word(std::string_view name, Enum value, Enum by_default) {
        if (value != by_default) text(name, word_of(value));
    }
    void put(std::string_view name, boost::json::object value) {
        if (!value.empty()) object_.emplace(view(name), std::move(value));
    }
    template <class List, class Make>
    void list(std::string_view name, const List& from, Make make) {
        if (from.empty()) return;
        boost::json::array to(object_.storage());
        to.reserve(from.size());
        for (const auto& each : from)
            to.emplace_back(make(each));
        object_.emplace(view(name), std::move(to));
    }
    void texts(std::string_view name, const std::vector<std::string>& from) {
        list(name, from, [](const std::string& s) { return view(s); });
    }
    void numbers(std::string_view name, const std::vector<std::int64_t>& from) {
        list(name, from, [](std::int64_t n) { return n; });
    }
    /// Kind, value, kind, value, …
    void identifiers(std::string_view name, const std::vector<identifier>& from) {
        if (from.empty()) return;
        boost::json::array to(object_.storage());
        to.reserve(2 * from.size());
        for (const identifier& i : from) {
            to.emplace_back(view(word_of(i.kind)));
            to.emplace_back(view(i.value));
        }
        object_.emplace(view(name), std::move(to));
    }

    const boost::json::storage_ptr& storage() const noexcept { return object_.storage(); }
    boost::json::object take() { return std::move(object_); }

private:
    static constexpr std::size_t usual_size = 8; ///< growing is dear where nothing is given back
    boost::json::object object_;
};

} // namespace offboard::journal::record
