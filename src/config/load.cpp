#include "offboard/config/settings.hpp"

#include "overlay.hpp"
#include "readers.hpp"
#include "yaml.hpp"

#include <algorithm>
#include <utility>

namespace offboard::config {

namespace {

variables by_name(const std::vector<std::string>& environment) {
    variables out;
    for (const auto& pair : environment)
        if (const std::size_t equals = pair.find('='); equals != std::string::npos)
            out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    return out;
}

void by_line(std::vector<fault>& faults) {
    std::stable_sort(faults.begin(), faults.end(),
                     [](const fault& a, const fault& b) { return a.line < b.line; });
}

} // namespace

std::string to_string(const fault& f) {
    std::string out;
    if (f.line != 0) out += "line " + std::to_string(f.line) + ": ";
    if (!f.key.empty()) out += f.key + ": ";
    return out + f.detail;
}

loaded load(const std::string& yaml, const std::vector<std::string>& environment,
            file_being_read* being_read) {
    loaded out;
    fault broken;
    auto root = read_yaml(yaml, broken);
    if (!root) {
        out.faults.push_back(std::move(broken));
        return out;
    }
    if (!root->is(document::kind::object) && !root->is(document::kind::null)) {
        out.faults.push_back({root->line, "", "the configuration must be a map of settings"});
        return out;
    }
    report found;
    found.being_read = being_read;
    const variables named = by_name(environment);
    apply_environment(*root, named, found);
    settings s;
    section top(&*root, "", 0, found);
    read_server(top, s, named);
    read_vendors(top, s, named);
    read_plans(top, s);
    top.close();
    by_line(found.faults);
    by_line(found.warnings);
    out.warnings = std::move(found.warnings);
    out.faults = std::move(found.faults);
    s.files = std::move(found.files);
    std::sort(s.files.begin(), s.files.end(),
              [](const source_file& a, const source_file& b) { return a.key < b.key; });
    if (out.faults.empty()) out.settings = std::move(s);
    return out;
}

std::vector<std::string> changed_files(const settings& before, const settings& after) {
    std::vector<std::string> out;
    auto old = before.files.begin();
    for (const source_file& now : after.files) {
        for (; old != before.files.end() && old->key < now.key; ++old)
            out.push_back(old->key);
        const bool known = old != before.files.end() && old->key == now.key;
        if (!known || old->digest != now.digest) out.push_back(now.key);
        if (known) ++old;
    }
    for (; old != before.files.end(); ++old)
        out.push_back(old->key);
    return out;
}

} // namespace offboard::config
