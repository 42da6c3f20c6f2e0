#include "overlay.hpp"

#include "yaml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offboard::config {

using kind = document::kind;

namespace {

constexpr std::string_view prefix = "OFFBOARD__";
constexpr std::array<std::string_view, 5> secrets = {"client_secret", "secret", "password", "api_key",
                                                     "sha256"};

std::string fold(std::string_view name) {
    std::string out(name);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-' || c == '.') c = '_';
    }
    return out;
}

/// The words between double underscores, in small letters.
std::vector<std::string> split(std::string_view name) {
    std::vector<std::string> words;
    for (;;) {
        const std::size_t end = name.find("__");
        words.push_back(fold(name.substr(0, end)));
        if (end == std::string_view::npos) return words;
        name.remove_prefix(end + 2);
    }
}

bool is_secret(std::string_view word) {
    return std::find(secrets.begin(), secrets.end(), word) != secrets.end();
}

std::optional<document> read_value(const std::string& text, bool literal) {
    if (literal) return document::string(text);
    fault broken;
    const bool yaml = !text.empty() && std::string_view("{['\"").find(text.front()) != std::string_view::npos;
    return yaml ? read_yaml(text, broken) : plain_scalar(text);
}

void forget_lines(document& d) {
    d.line = 0;
    if (d.is(kind::array))
        for (auto& e : d.elements())
            forget_lines(e);
    if (d.is(kind::object))
        for (auto& m : d.members())
            forget_lines(m.second);
}

/// Finds, or makes, the place a variable names, one word after the other.
class walk {
public:
    explicit walk(document& root) : at_(&root) {}

    /// False, with the reason in why(), when there is no such place.
    bool step(const std::string& word) {
        if (at_->is(kind::array)) return step_into_list(word);
        if (at_->is(kind::null)) {
            const std::size_t line = at_->line;
            *at_ = document::object();
            at_->line = line;
        }
        if (!at_->is(kind::object)) return refuse("is one value, and has nothing below it");
        std::vector<document::member*> found;
        for (auto& m : at_->members())
            if (fold(m.first) == word) found.push_back(&m);
        const bool doubled = found.size() > 1 && found.front()->first != found.back()->first;
        if (doubled) return refuse("has several keys that this name fits");
        parent_ = at_;
        if (found.empty()) {
            at_->members().emplace_back(word, document());
            found.push_back(&at_->members().back());
        }
        key_ = key_under(key_, found.front()->first);
        at_ = &found.front()->second;
        return true;
    }

    void put(document value, std::string_view last) {
        *at_ = std::move(value);
        if (!parent_) return;
        // The file's other form of the same secret gives way.
        const std::string other = last.ends_with("_file") ? std::string(last.substr(0, last.size() - 5))
                                                          : std::string(last) + "_file";
        const std::string_view plain = last.ends_with("_file") ? std::string_view(other) : last;
        if (!is_secret(plain) && plain != "key") return;
        std::erase_if(parent_->members(),
                      [&](const document::member& m) { return m.first == other && m.second.line != 0; });
    }

    const std::string& key() const { return key_; }
    std::string_view why() const { return why_; }

private:
    bool step_into_list(const std::string& word) {
        std::size_t index = 0;
        const auto [stop, ec] = std::from_chars(word.data(), word.data() + word.size(), index);
        if (ec != std::errc() || stop != word.data() + word.size() || index >= at_->elements().size())
            return refuse("is a list that has no such place");
        parent_ = nullptr;
        key_ += "[" + std::to_string(index) + "]";
        at_ = &at_->elements()[index];
        return true;
    }

    bool refuse(std::string_view why) {
        why_ = why;
        return false;
    }

    document* at_;
    document* parent_ = nullptr; ///< the map that holds at_
    std::string key_;
    std::string_view why_;
};

void apply(document& root, const std::string& name, const std::string& text,
           const std::vector<std::string>& words, report& out) {
    auto value = read_value(text, is_secret(words.back()));
    if (!value) {
        std::string key;
        for (const auto& word : words)
            key = key_under(key, word);
        out.fault(0, key, "the value is not one YAML scalar, list or map (set by " + name + ")");
        return;
    }
    walk at(root);
    for (const auto& word : words) {
        if (!at.step(word)) {
            out.fault(0, at.key(), std::string(at.why()) + " (set by " + name + ")");
            return;
        }
    }
    out.came_from(at.key(), name);
    forget_lines(*value);
    at.put(std::move(*value), words.back());
}

} // namespace

void apply_environment(document& root, const variables& environment, report& out) {
    struct setting {
        std::vector<std::string> words;
        const variables::value_type* variable;
    };
    std::vector<setting> settings;
    for (const auto& variable : environment)
        if (variable.first.starts_with(prefix))
            settings.push_back({split(std::string_view(variable.first).substr(prefix.size())), &variable});
    std::stable_sort(settings.begin(), settings.end(), [](const setting& a, const setting& b) {
        return a.words.size() != b.words.size() ? a.words.size() < b.words.size() : a.words < b.words;
    });
    const setting* before = nullptr;
    for (const setting& s : settings) {
        const auto& [name, text] = *s.variable;
        if (s.words.size() > most_yaml_depth ||
            std::find(s.words.begin(), s.words.end(), "") != s.words.end())
            out.fault(0, "", name + " names no key");
        else if (before && before->words == s.words)
            out.fault(0, "", name + " and " + before->variable->first + " name the same key");
        else
            apply(root, name, text, s.words, out);
        before = &s;
    }
}

} // namespace offboard::config
