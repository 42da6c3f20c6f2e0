// yaml-cpp's own tree hides doubled keys and the lines of keys, so its parser drives a handler of ours
// instead.
#include "yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace offboard::config {

namespace {

constexpr std::string_view core_tags = "tag:yaml.org,2002:";

std::size_t line_of(const YAML::Mark& mark) {
    return mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

/// Leaves yaml-cpp's parser the only way there is; caught in read_yaml() and never seen outside.
[[noreturn]] void refuse(const YAML::Mark& mark, const char* why) {
    throw YAML::ParserException(mark, why);
}

std::size_t count(const document& d) {
    std::size_t n = 1;
    for (const auto& e : d.elements())
        n += count(e);
    for (const auto& m : d.members())
        n += count(m.second);
    return n;
}

std::size_t depth(const document& d) {
    if (!d.is(document::kind::array) && !d.is(document::kind::object)) return 0;
    std::size_t deepest = 0;
    for (const auto& e : d.elements())
        deepest = std::max(deepest, depth(e));
    for (const auto& m : d.members())
        deepest = std::max(deepest, depth(m.second));
    return deepest + 1;
}

class builder final : public YAML::EventHandler {
public:
    document take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(document(), mark, anchor, 1); }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto at = anchors_.find(anchor);
        if (at == anchors_.end()) refuse(mark, "an alias stands inside the value it names");
        if (open_.size() + depth(at->second) > most_yaml_depth) refuse(mark, "nested too deeply");
        put(at->second, mark, 0, count(at->second));
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        // A quoted scalar comes with the tag "!", a plain one with "?".
        if (tag == "!" || tag == std::string(core_tags) + "str")
            return put(document::string(value), mark, anchor, 1);
        std::optional<document> plain = plain_scalar(value);
        if (!plain) refuse(mark, "an infinite number or none at all");
        if (!tag.empty() && tag != "?") check_scalar_tag(tag, *plain, mark);
        put(std::move(*plain), mark, anchor, 1);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(document::array(), "seq", tag, mark, anchor);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(document::object(), "map", tag, mark, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

private:
    struct frame {
        document value;
        YAML::Mark mark;
        YAML::anchor_t anchor = 0;
        bool has_key = false;
        std::string key;
        std::size_t key_line = 0;
    };

    static void check_scalar_tag(const std::string& tag, const document& d, const YAML::Mark& mark) {
        using enum document::kind;
        const std::string_view name = std::string_view(tag).starts_with(core_tags)
                                          ? std::string_view(tag).substr(core_tags.size())
                                          : std::string_view();
        const bool fits = (name == "null" && d.is(null)) || (name == "bool" && d.is(boolean)) ||
                          (name == "float" && d.is(number)) || (name == "int" && d.is(number));
        if (!fits) refuse(mark, "a tag that is not known here, or does not fit the value");
    }

    void open(document d, std::string_view kind, const std::string& tag, const YAML::Mark& mark,
              YAML::anchor_t anchor) {
        const bool known =
            tag.empty() || tag == "?" || tag == "!" || tag == std::string(core_tags).append(kind);
        if (!known) refuse(mark, "a tag that is not known here");
        if (open_.size() >= most_yaml_depth) refuse(mark, "nested too deeply");
        frame f;
        f.value = std::move(d);
        f.mark = mark;
        f.anchor = anchor;
        open_.push_back(std::move(f));
    }

    void close() {
        frame done = std::move(open_.back());
        open_.pop_back();
        put(std::move(done.value), done.mark, done.anchor, 1);
    }

    void put(document d, const YAML::Mark& mark, YAML::anchor_t anchor, std::size_t nodes) {
        nodes_ += nodes;
        if (nodes_ > most_yaml_nodes) refuse(mark, "too many values");
        d.line = line_of(mark);
        if (anchor != 0) {
            nodes_ += count(d); // what is kept for aliases counts as well
            anchors_.insert_or_assign(anchor, d);
        }
        if (open_.empty()) {
            root_ = std::move(d);
            return;
        }
        frame& parent = open_.back();
        if (parent.value.is(document::kind::array)) {
            parent.value.elements().push_back(std::move(d));
        } else if (parent.has_key) {
            d.line = parent.key_line;
            parent.value.members().emplace_back(std::exchange(parent.key, {}), std::move(d));
            parent.has_key = false;
        } else {
            set_key(parent, d, mark);
        }
    }

    static void set_key(frame& parent, const document& d, const YAML::Mark& mark) {
        if (d.is(document::kind::boolean))
            parent.key = d.as_bool() ? "true" : "false";
        else if (d.is(document::kind::string) || d.is(document::kind::number))
            parent.key = d.text();
        else
            refuse(mark, "a key must be a word");
        parent.has_key = true;
        parent.key_line = line_of(mark);
    }

    document root_;
    std::vector<frame> open_;
    std::map<YAML::anchor_t, document> anchors_;
    std::size_t nodes_ = 0;
};

/// The length of the UTF-8 character that `text` begins with; 0 when it is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
    return overlong || outside ? 0 : length;
}

/// yaml-cpp takes the byte 4 for the end of the file: what stands after it would be ignored without a word.
std::optional<fault> check_bytes(const std::string& text) {
    if (text.size() > most_yaml_bytes) return fault{0, "", "the configuration is larger than 4 MiB"};
    std::size_t line = 1;
    for (std::string_view rest = text; !rest.empty();) {
        const auto c = static_cast<unsigned char>(rest.front());
        const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        if (control) return fault{line, "", "not YAML: a control character"};
        const std::size_t length = utf8_length(rest);
        if (length == 0) return fault{line, "", "not YAML: not UTF-8"};
        if (c == '\n') ++line;
        rest.remove_prefix(length);
    }
    return std::nullopt;
}

/// Some of yaml-cpp's messages end in what it found; that end is cut off, for it may be part of a secret.
std::string describe(const YAML::Exception& e) {
    return "not YAML: " + e.msg.substr(0, e.msg.find(':'));
}

/// The advice for a line with a variable: in a map written with braces YAML takes ${X} for another map.
std::string advice(const std::string& text, std::size_t line) {
    std::istringstream in(text);
    std::string found;
    for (std::size_t n = 0; n < line && std::getline(in, found);)
        ++n;
    const bool unquoted = found.find("${") != found.npos && found.find("\"${") == found.npos;
    return unquoted ? "; put a variable in quotes: \"${VARIABLE}\"" : "";
}

} // namespace

std::optional<document> read_yaml(const std::string& text, fault& broken) {
    if (auto bad = check_bytes(text)) {
        broken = std::move(*bad);
        return std::nullopt;
    }
    try {
        // yaml-cpp ends an open quote at the end of the file and says nothing, but not at the mark of that
        // end.
        std::istringstream in(text + (text.ends_with('\n') ? "...\n" : "\n...\n"));
        YAML::Parser parser(in);
        builder first;
        if (!parser.HandleNextDocument(first)) return document();
        builder second;
        if (parser.HandleNextDocument(second)) {
            broken = {second.take().line, "", "a second YAML document, or text after the end of the first"};
            return std::nullopt;
        }
        return first.take();
    } catch (const YAML::Exception& e) {
        const std::size_t line = e.mark.is_null() ? 0 : line_of(e.mark);
        broken = {line, "", describe(e) + advice(text, line)};
        return std::nullopt;
    }
}

} // namespace offboard::config
