#include "tests/ollama_sim/length_models.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace genwatch::ollama_sim {
namespace {

constexpr double kLongest = 100'000;

constexpr LengthModel kModels[] = {
    {.name = "title",
     .share = 0.15,
     .scale = 12,
     .spread = 0.4,
     .prompt_scale = 400,
     .prompt_spread = 0.8},
    {.name = "summary",
     .share = 0.2,
     .scale = 180,
     .spread = 0.45,
     .prompt_scale = 1500,
     .prompt_spread = 0.6},
    {.name = "chat",
     .share = 0.3,
     .scale = 250,
     .spread = 0.6,
     .prompt_scale = 60,
     .prompt_spread = 1},
    {.name = "code",
     .share = 0.15,
     .scale = 600,
     .spread = 0.65,
     .prompt_scale = 300,
     .prompt_spread = 1},
    {.name = "report",
     .share = 0.1,
     .scale = 1200,
     .spread = 0.35,
     .prompt_scale = 800,
     .prompt_spread = 0.7},
    {.name = "open",
     .share = 0.1,
     .scale = 120,
     .tail = 1.2,
     .prompt_scale = 100,
     .prompt_spread = 1},
};

// In (0, 1).
double Uniform(Random* random) {
  return (static_cast<double>(random->Next() >> 11) + 0.5) / 9007199254740992.0;
}

double LogNormal(double scale, double spread, Random* random) {
  const double radius = std::sqrt(-2 * std::log(Uniform(random)));
  return scale * std::exp(spread * radius * std::cos(2 * std::numbers::pi * Uniform(random)));
}

int WholeTokens(double tokens) {
  return static_cast<int>(std::clamp(std::round(tokens), 1.0, kLongest));
}

}  // namespace

int LengthModel::DrawTokens(Random* random) const {
  if (tail > 0) return WholeTokens(scale * std::pow(Uniform(random), -1 / tail));
  return WholeTokens(LogNormal(scale, spread, random));
}

int LengthModel::DrawPromptTokens(Random* random) const {
  return WholeTokens(LogNormal(prompt_scale, prompt_spread, random));
}

std::span<const LengthModel> AllLengthModels() { return kModels; }

const LengthModel* FindLengthModel(std::string_view name) {
  for (const LengthModel& model : kModels) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

const LengthModel& DrawLengthModel(Random* random) {
  double left = Uniform(random);
  for (const LengthModel& model : kModels) {
    left -= model.share;
    if (left < 0) return model;
  }
  return kModels[0];
}

}  // namespace genwatch::ollama_sim
