#include "job_service/job_forecast.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "job_service/job_estimate.h"
#include "job_service/spec_check.h"

namespace genwatch {

absl::StatusOr<v1::EstimateJobResponse> JobForecast::Of(const v1::EstimateJobRequest& request) {
  if (absl::Status status = CheckJobKind(request.job_class(), request.think()); !status.ok()) {
    return status;
  }
  absl::StatusOr<std::string> model = models_->Resolve(request.model());
  if (!model.ok()) return model.status();
  v1::JobSpec spec;
  spec.set_model(*model);
  spec.set_job_class(request.job_class());
  spec.set_think(request.think());
  const absl::StatusOr<v1::LengthHistory> history = histories_.Of(spec);
  if (!history.ok()) return history.status();

  v1::EstimateJobResponse estimate;
  estimate.set_model(*model);
  const std::optional<uint32_t> context = models_->LoadedContextOf(*model);
  FillEstimate(*history,
               {.prompt_bytes = request.prompt_bytes(),
                .num_predict = request.num_predict(),
                .context_length = context.value_or(0),
                .loaded = context.has_value()},
               estimate);
  AddQueue(estimate);
  return estimate;
}

void JobForecast::AddQueue(v1::EstimateJobResponse& estimate) {
  const absl::StatusOr<std::vector<QueueSize>> sizes = queue_->Sizes();
  if (sizes.ok()) {
    estimate.set_waiting(0);
    for (const QueueSize& size : *sizes) {
      if (size.model == estimate.model()) estimate.set_waiting(size.waiting);
    }
  }
  if (const absl::StatusOr<std::vector<ModelHold>> holds = holds_->List(); holds.ok()) {
    estimate.set_held(IsHeld(*holds, estimate.model()));
  }
  if (std::optional<ModelOutage> outage = models_->OutageOf(estimate.model())) {
    estimate.set_reason(outage->reason);
    estimate.set_error_message(outage->message);
  } else if (!estimate.held() && estimate.has_waiting()) {
    if (auto wait = waits_->ExpectedWaitMs(estimate.model(), estimate.waiting() + 1)) {
      estimate.set_expected_wait_ms(*wait);
    }
  }
}

}  // namespace genwatch
