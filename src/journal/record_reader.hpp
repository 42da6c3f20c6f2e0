#pragma once

#include "record_words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offboard::journal::record {

/// Takes the members of an object of a record, and knows in the end whether it was one that `writer` makes:
/// no default written out, nothing of another type or range, nothing left over. What is read from an object
/// that is not good is not meaningful.
class reader {
public:
    explicit reader(const boost::json::value& from) : object_(from.if_object()), good_(object_ != nullptr) {}

    bool done() const noexcept { return good_ && taken_ == object_->size(); }
    void require(bool holds) noexcept { good_ = good_ && holds; }

    const boost::json::value* take(std::string_view name) noexcept {
        const boost::json::value* found = object_ == nullptr ? nullptr : object_->if_contains(view(name));
        if (found != nullptr) ++taken_;
        return found;
    }
    void flag(std::string_view name, bool& out) {
        if (const boost::json::value* v = take(name)) {
            out = true;
            require(v->is_bool() && v->get_bool());
        }
    }
    void flag(std::string_view name, std::optional<bool>& out) {
        if (const boost::json::value* v = take(name)) {
            require(v->is_bool());
            if (good_) out = v->get_bool();
        }
    }
    template <std::integral Int>
    void number(std::string_view name, Int& out) {
        std::optional<std::int64_t> n;
        number(name, n);
        if (!n) return;
        require(*n != 0 && std::in_range<Int>(*n));
        if (good_) out = static_cast<Int>(*n);
    }
    void number(std::string_view name, std::optional<std::int64_t>& out) {
        if (const boost::json::value* v = take(name)) {
            require(v->is_int64());
            if (good_) out = v->get_int64();
        }
    }
    void text(std::string_view name, std::string& out) {
        if (const boost::json::value* v = take(name)) {
            const boost::json::string* s = v->if_string();
            require(s != nullptr && !s->empty());
            if (good_) out.assign(s->data(), s->size());
        }
    }
    template <class Enum>
    void word(std::string_view name, Enum& out) {
        const Enum by_default = out;
        if (const boost::json::value* v = take(name)) require(read_word(*v, out) && out != by_default);
    }
    template <class Enum>
    void word(std::string_view name, std::optional<Enum>& out) {
        if (const boost::json::value* v = take(name)) require(read_word(*v, out.emplace()));
    }
    template <class T, class Read>
    void list(std::string_view name, std::vector<T>& out, Read read) {
        const boost::json::value* v = take(name);
        if (v == nullptr) return;
        const boost::json::array* from = v->if_array();
        require(from != nullptr && !from->empty());
        if (!good_) return;
        out.reserve(from->size());
        for (const boost::json::value& each : *from) {
            require(read(each, out.emplace_back()));
            if (!good_) return;
        }
    }
    void texts(std::string_view name, std::vector<std::string>& out) {
        list(name, out, [](const boost::json::value& from, std::string& to) {
            const boost::json::string* s = from.if_string();
            if (s != nullptr) to.assign(s->data(), s->size());
            return s != nullptr;
        });
    }
    void numbers(std::string_view name, std::vector<std::int64_t>& out) {
        list(name, out, [](const boost::json::value& from, std::int64_t& to) {
            if (from.is_int64()) to = from.get_int64();
            return from.is_int64();
        });
    }

private:
    const boost::json::object* object_;
    std::size_t taken_ = 0;
    bool good_;
};

} // namespace offboard::journal::record
