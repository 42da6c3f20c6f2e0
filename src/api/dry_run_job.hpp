#pragma once

#include "offboard/api/render.hpp"
#include "offboard/engine/batching.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace offboard::api {

/// What would be sent for an operation. What it uses outlives it, or belongs to it.
class dry_run_job {
public:
    dry_run_job(std::shared_ptr<operation> op, const engine::shapes& forms, const config::settings& s)
        : op_(std::move(op)), forms_(forms), settings_(s) {}
    /// The answer; nothing when it would be too long.
    std::optional<std::string> operator()() const {
        op_->steps = expand(op_->what, op_->first_step);
        return render_dry_run(op_->what, engine::dry_run(op_, forms_), settings_);
    }

private:
    std::shared_ptr<operation> op_;
    const engine::shapes& forms_;
    const config::settings& settings_;
};

} // namespace offboard::api
