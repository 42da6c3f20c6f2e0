#pragma once

#include "offboard/base/document.hpp"
#include "offboard/config/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace offboard::config {

/// Bounds of a configuration: none is met by hand, each stops a file that would eat the machine.
inline constexpr std::size_t most_yaml_bytes = 4u << 20;
inline constexpr std::size_t most_yaml_depth = 32;
inline constexpr std::size_t most_yaml_nodes = 50'000; ///< with every alias counted as the copy it is

/// Reads one YAML document. Plain scalars are typed by YAML 1.2's core schema; a number keeps its characters;
/// a member has the line of its key; members named twice are all kept. Anchors are followed, tags beyond the
/// core schema's, keys that are no scalars, and a second document are refused. An empty text is null.
/// `broken` is set, with a line and without any of the text, when nothing is returned.
std::optional<document> read_yaml(const std::string& text, fault& broken);

/// A plain (unquoted) scalar as the core schema types it; nothing for .inf and .nan, which no setting can
/// take.
std::optional<document> plain_scalar(std::string_view text);

} // namespace offboard::config
