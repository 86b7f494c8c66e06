#include "generation_service/model_patterns.h"

#include <gtest/gtest.h>

namespace genwatch {
namespace {

TEST(ModelPatternsTest, PatternWithoutATagFitsAllTags) {
  const ModelPatterns patterns("qwen3.5, command-r*");
  EXPECT_TRUE(patterns.Match("qwen3.5"));
  EXPECT_TRUE(patterns.Match("qwen3.5:4b-instruct"));
  EXPECT_TRUE(patterns.Match("command-r-plus:104b"));
  EXPECT_FALSE(patterns.Match("qwen3:4b"));
  EXPECT_FALSE(patterns.Match("my-command-r"));
}

TEST(ModelPatternsTest, PatternWithATagFitsThatTag) {
  const ModelPatterns patterns("olmo-3:7b*");
  EXPECT_TRUE(patterns.Match("olmo-3:7b-think"));
  EXPECT_FALSE(patterns.Match("olmo-3:32b"));
  EXPECT_FALSE(patterns.Match("olmo-3"));
}

TEST(ModelPatternsTest, RegistryNamespaceAndCaseMeanNothing) {
  const ModelPatterns patterns("LFM2*");
  EXPECT_TRUE(patterns.Match("hf.co/somebody/lfm2-1.2b-GGUF:Q4_K_M"));
  EXPECT_TRUE(patterns.Match("registry.example:5000/lfm2"));
}

TEST(ModelPatternsTest, StarsStandForAnything) {
  EXPECT_TRUE(ModelPatterns("*").Match("anything:1b"));
  EXPECT_TRUE(ModelPatterns("a*b*c").Match("aXbXbXc"));
  EXPECT_FALSE(ModelPatterns("a*b*c").Match("aXbXbX"));
}

TEST(ModelPatternsTest, EmptyListFitsNothing) {
  EXPECT_FALSE(ModelPatterns().Match("m"));
  EXPECT_FALSE(ModelPatterns(" , ").Match("m"));
}

TEST(ModelPatternsTest, BuiltInListHasTheSimulatorAndNotTheFirstLlamas) {
  const ModelPatterns patterns(kContinuingModels);
  EXPECT_TRUE(patterns.Match("sim-medium:8b"));
  EXPECT_TRUE(patterns.Match("qwen3-coder:30b"));
  EXPECT_FALSE(patterns.Match("llama3:8b"));
}

}  // namespace
}  // namespace genwatch
