#pragma once

#include "record.hpp"
#include "world.hpp"

#include <string>
#include <string_view>

namespace sandbox {

/// The page for a person: counts, the last calls, and how to make things go wrong. Everything received is
/// escaped.
[[nodiscard]] std::string page(const record& received, const world& w, micros now);

/// `&`, `<`, `>` and quotes as entities.
[[nodiscard]] std::string escape_html(std::string_view text);

/// Text and meaning of the identifiers that choose outcomes, one a line, for the page and for `--help`.
[[nodiscard]] std::string_view special_identifiers();

} // namespace sandbox
