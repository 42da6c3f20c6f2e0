#pragma once

#include <charconv>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// A reader of the Prometheus text format 0.0.4, as strict as a scraper, for tests. It collects what is wrong
/// instead of stopping.
class exposition {
public:
    std::map<std::string, std::string> types; ///< family → type
    std::map<std::string, double> samples;    ///< name{labels as written} → value
    std::set<std::string> label_values;       ///< of every label but `le`
    std::vector<std::string> faults;          ///< empty: the text is valid

    explicit exposition(std::string_view text) {
        if (!text.ends_with('\n')) faults.push_back("the last line has no end");
        while (!text.empty()) {
            const std::size_t end = text.find('\n');
            line_ = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (line_.starts_with('#'))
                comment(line_);
            else if (!line_.empty())
                sample(line_);
        }
        for (const auto& [name, type] : types)
            if (!helped_.contains(name)) faults.push_back("no HELP: " + name);
        for (const std::string& name : helped_)
            if (!types.contains(name)) faults.push_back("no TYPE: " + name);
    }

    /// The value of a sample, written as the text has it; -1 when it is not there.
    double operator[](const std::string& name) const {
        const auto at = samples.find(name);
        return at == samples.end() ? -1 : at->second;
    }

    std::size_t series_of(std::string_view family) const {
        std::size_t n = 0;
        for (const auto& [name, value] : samples)
            n += name == family || name.starts_with(std::string(family) + '{') ? 1u : 0u;
        return n;
    }

private:
    std::string_view line_;
    std::string family_;
    std::set<std::string> helped_;

    void wrong(const char* why) { faults.push_back(std::string(why) + ": " + std::string(line_)); }

    static std::string take_name(std::string_view& from, bool colon) {
        std::size_t n = 0;
        for (; n < from.size(); ++n) {
            const char c = from[n];
            const bool letter =
                (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
            if (!letter && !(n > 0 && c >= '0' && c <= '9')) break;
        }
        std::string name(from.substr(0, n));
        from.remove_prefix(n);
        return name;
    }

    static bool take(std::string_view& from, std::string_view token) {
        if (!from.starts_with(token)) return false;
        from.remove_prefix(token.size());
        return true;
    }

    void comment(std::string_view rest) {
        const bool help = rest.starts_with("# HELP ");
        if (!take(rest, "# HELP ") && !take(rest, "# TYPE ")) return wrong("a comment of neither kind");
        const std::string name = take_name(rest, true);
        if (name.empty() || !take(rest, " ") || rest.empty()) return wrong("a comment without name or text");
        if (help) {
            if (rest.find('\\') != std::string_view::npos) wrong("a backslash in HELP");
            if (!helped_.insert(name).second) wrong("HELP twice");
        } else {
            if (rest != "counter" && rest != "gauge" && rest != "histogram") wrong("a type unknown here");
            if (!types.emplace(name, rest).second) wrong("TYPE twice");
        }
        family_ = name;
    }

    /// True when a sample of that name belongs to the family whose comments stand above.
    bool belongs(std::string_view name) const {
        const auto type = types.find(family_);
        if (type == types.end() || !name.starts_with(family_)) return false;
        name.remove_prefix(family_.size());
        if (type->second != "histogram") return name.empty();
        return name == "_bucket" || name == "_sum" || name == "_count";
    }

    void sample(std::string_view rest) {
        const std::string name = take_name(rest, true);
        if (!belongs(name)) return wrong("a sample outside its family");
        std::set<std::string> seen;
        if (take(rest, "{")) {
            do {
                const std::string label = take_name(rest, false);
                if (label.empty() || !take(rest, "=\"")) return wrong("no label");
                if (!seen.insert(label).second) wrong("a label twice");
                std::string value;
                if (!quoted(rest, value)) return wrong("a label's value");
                if (label != "le") label_values.insert(value);
            } while (take(rest, ","));
            if (!take(rest, "}")) return wrong("labels without an end");
        }
        const std::string key(line_.substr(0, line_.size() - rest.size()));
        if (!take(rest, " ")) return wrong("no space before the value");
        double value = 0;
        const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        if (rest != "+Inf" && (read.ec != std::errc() || read.ptr != rest.data() + rest.size()))
            return wrong("no number");
        if (!samples.emplace(key, value).second) wrong("a series twice");
        check_histogram(name, seen, value);
    }

    static bool quoted(std::string_view& rest, std::string& value) {
        while (!rest.empty() && rest.front() != '"') {
            if (rest.front() == '\\') {
                rest.remove_prefix(1);
                if (rest.empty() || std::string_view("\\\"n").find(rest.front()) == std::string_view::npos)
                    return false;
            }
            value += rest.front();
            rest.remove_prefix(1);
        }
        return take(rest, "\"");
    }

    /// Buckets stand together, in order, behind their count: they never fall and end at the count.
    double count_ = 0, last_ = 0;
    void check_histogram(const std::string& name, const std::set<std::string>& labels, double value) {
        if (types.at(family_) != "histogram") return;
        if (name.ends_with("_count")) {
            count_ = value;
            last_ = 0;
        } else if (name.ends_with("_bucket")) {
            if (!labels.contains("le")) wrong("a bucket without le");
            if (value < last_) wrong("a bucket below the one before");
            last_ = value;
            if (line_.find("le=\"+Inf\"") != std::string_view::npos && value != count_)
                wrong("the last bucket is not the count");
        }
    }
};
