#include "offboard/base/json_members.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace offboard {

namespace {

/// Keeps the names of the objects that are open, and nothing else.
class names {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    using error_code = boost::system::error_code;
    using view = boost::json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        begins_.push_back(names_.size());
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        const auto first = names_.begin() + static_cast<std::ptrdiff_t>(begins_.back());
        std::sort(first, names_.end());
        twice_ = twice_ || std::adjacent_find(first, names_.end()) != names_.end();
        names_.erase(first, names_.end());
        begins_.pop_back();
        return true;
    }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        return true;
    }
    bool on_key(view s, std::size_t, error_code&) {
        part_.append(s.data(), s.size());
        names_.push_back(std::exchange(part_, {}));
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

    bool twice() const noexcept { return twice_; }

private:
    std::string part_;
    std::vector<std::string> names_;
    std::vector<std::size_t> begins_; ///< of each open object, its first name in names_
    bool twice_ = false;
};

} // namespace

bool names_a_member_twice(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::json::basic_parser<names> parser(options);
    boost::system::error_code ec;
    parser.write_some(false, text.data(), text.size(), ec);
    return parser.handler().twice();
}

} // namespace offboard
