#include "json_look.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstdint>

namespace json = boost::json;

namespace offboard::vendors {

namespace {

/// Sees every name of a text and no value.
class member_watch {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using error_code = boost::system::error_code;
    using view = json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        if (open_.empty()) outermost_is_object_ = !in_array_;
        open_.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        std::vector<std::string> names = std::move(open_.back());
        open_.pop_back();
        if (open_.empty() && outermost_is_object_) look_.members = names;
        std::sort(names.begin(), names.end());
        if (std::adjacent_find(names.begin(), names.end()) != names.end()) look_.names_twice = true;
        return true;
    }
    bool on_array_begin(error_code&) {
        if (open_.empty()) in_array_ = true;
        return true;
    }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(view s, std::size_t, error_code&) {
        name_.append(s.data(), s.size());
        return true;
    }
    bool on_key(view s, std::size_t, error_code&) {
        name_.append(s.data(), s.size());
        open_.back().push_back(std::exchange(name_, {}));
        return true;
    }
    bool on_string_part(view, std::size_t, error_code&) { return true; }
    bool on_string(view, std::size_t, error_code&) { return true; }
    bool on_number_part(view, error_code&) { return true; }
    bool on_int64(std::int64_t, view, error_code&) { return true; }
    bool on_uint64(std::uint64_t, view, error_code&) { return true; }
    bool on_double(double, view, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(view, error_code&) { return true; }
    bool on_comment(view, error_code&) { return true; }

    json_look take() { return std::move(look_); }

private:
    json_look look_;
    std::string name_;
    std::vector<std::vector<std::string>> open_; ///< the names of every object that has not ended
    bool in_array_ = false;                      ///< the outermost value is an array
    bool outermost_is_object_ = false;
};

} // namespace

json_look look_at(std::string_view text) {
    json::parse_options options;
    options.max_depth = 32;
    json::basic_parser<member_watch> parser(options);
    boost::system::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = json::make_error_code(json::error::extra_data);
    json_look look = parser.handler().take();
    if (ec) look.fault = json_fault{ec.message(), used};
    return look;
}

std::string_view without_byte_order_mark(std::string_view text) noexcept {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    return text;
}

} // namespace offboard::vendors
