#include "generation_service/continuation.h"

#include <gtest/gtest.h>

#include <string>

namespace genwatch {
namespace {

using Verdict = ContinuationGuard::Verdict;

constexpr char kKept[] = "The quick brown fox jumps over the lazy dog, and then it sle";

v1::LeasedJob Lease(const std::string& answer) {
  v1::LeasedJob lease;
  lease.set_version(4);
  lease.set_answer(answer);
  lease.mutable_spec()->set_model("m:1b");
  lease.mutable_spec()->set_prompt("tell");
  v1::LeaseBase* base = lease.add_bases();
  base->set_version(4);
  base->set_answer(static_cast<uint32_t>(answer.size()));
  return lease;
}

ContinuationPlan Plan(const v1::LeasedJob& lease) {
  return PlanContinuation(lease, ModelPatterns("m"));
}

TEST(PlanContinuationTest, KeptAnswerIsGivenWithoutTheWhiteSpaceAtItsEnd) {
  const ContinuationPlan plan = Plan(Lease("The quick brown fox jumps over the lazy dog.\n \n"));
  EXPECT_TRUE(plan.continues);
  EXPECT_EQ(plan.prefill, "The quick brown fox jumps over the lazy dog.");
  EXPECT_EQ(plan.kept_tokens, 11u);
}

TEST(PlanContinuationTest, FinishedThinkingIsNoObstacle) {
  v1::LeasedJob lease = Lease(kKept);
  lease.set_thinking("hm, hm");
  EXPECT_TRUE(Plan(lease).continues);
}

TEST(PlanContinuationTest, WhatCannotBeContinuedStartsOver) {
  v1::LeasedJob thinking = Lease("");
  thinking.set_thinking(kKept);
  EXPECT_FALSE(Plan(thinking).continues);

  v1::LeasedJob format = Lease(kKept);
  format.mutable_spec()->mutable_format()->set_json(true);
  EXPECT_FALSE(Plan(format).continues);

  v1::LeasedJob policy = Lease(kKept);
  policy.mutable_spec()->set_resume_policy(v1::RESUME_POLICY_RESTART);
  EXPECT_FALSE(Plan(policy).continues);

  v1::LeasedJob other = Lease(kKept);
  other.mutable_spec()->set_model("llama3:8b");
  EXPECT_FALSE(Plan(other).continues);

  EXPECT_FALSE(Plan(Lease("Too short.")).continues);

  v1::LeasedJob assistant = Lease(kKept);
  assistant.mutable_spec()->add_messages()->set_role("assistant");
  EXPECT_FALSE(Plan(assistant).continues);
  EXPECT_STRNE(Plan(assistant).why_not, "");
}

TEST(ContinuedSpecTest, PromptBecomesAConversationThatEndsWithTheAnswer) {
  v1::LeasedJob lease = Lease(std::string(kKept) + " ");
  lease.mutable_spec()->set_system("be brief");
  lease.mutable_spec()->mutable_options()->set_num_predict(100);
  lease.mutable_spec()->mutable_options()->set_seed(7);
  const v1::JobSpec spec = ContinuedSpec(lease, Plan(lease), /*thinks=*/false);
  EXPECT_EQ(spec.prompt(), "");
  EXPECT_EQ(spec.system(), "be brief");
  ASSERT_EQ(spec.messages_size(), 2);
  EXPECT_EQ(spec.messages(0).role(), "user");
  EXPECT_EQ(spec.messages(0).content(), "tell");
  EXPECT_EQ(spec.messages(1).role(), "assistant");
  EXPECT_EQ(spec.messages(1).content(), kKept);
  EXPECT_EQ(spec.options().num_predict(), 85);
  EXPECT_EQ(spec.options().seed(), 7);
  EXPECT_EQ(spec.think(), v1::THINKING_UNSPECIFIED);
}

TEST(ContinuedSpecTest, SomethingIsLeftToMakeWhateverTheEstimate) {
  v1::LeasedJob lease = Lease(kKept);
  lease.mutable_spec()->mutable_options()->set_num_predict(3);
  EXPECT_EQ(ContinuedSpec(lease, Plan(lease), false).options().num_predict(), 1);
  // Without limit stays without.
  lease.mutable_spec()->mutable_options()->set_num_predict(-1);
  EXPECT_EQ(ContinuedSpec(lease, Plan(lease), false).options().num_predict(), -1);
}

TEST(ContinuedSpecTest, NobodyThinksInTheMidstOfAnAnswer) {
  v1::LeasedJob lease = Lease(kKept);
  EXPECT_EQ(ContinuedSpec(lease, Plan(lease), true).think(), v1::THINKING_OFF);
  lease.mutable_spec()->set_think(v1::THINKING_HIGH);
  EXPECT_EQ(ContinuedSpec(lease, Plan(lease), false).think(), v1::THINKING_OFF);
  lease.mutable_spec()->clear_think();
  lease.set_thinking("hm");
  EXPECT_EQ(ContinuedSpec(lease, Plan(lease), false).think(), v1::THINKING_OFF);
}

TEST(RefusedPrefillTest, RequestIsToBlameOnlyIfTheServerSaysSo) {
  Failure failure;
  failure.kind = Failure::Kind::kStatus;
  failure.http_status = 400;
  failure.server_text = "Assistant response prefill is incompatible with enable_thinking.";
  EXPECT_TRUE(MayBeRefusedPrefill(failure));
  failure.server_text = "Cannot have 2 or more assistant messages at the end of the list.";
  EXPECT_TRUE(MayBeRefusedPrefill(failure));
  failure.http_status = 500;
  failure.server_text = "CUDA error: out of memory";
  EXPECT_FALSE(MayBeRefusedPrefill(failure));
  failure.http_status = 404;
  failure.server_text = "model 'm' not found";
  EXPECT_FALSE(MayBeRefusedPrefill(failure));
  failure.http_status = 503;
  EXPECT_FALSE(MayBeRefusedPrefill(failure));
  failure.kind = Failure::Kind::kIncomplete;
  EXPECT_FALSE(MayBeRefusedPrefill(failure));
}

TEST(ContinuationGuardTest, RestOfASentenceIsTakenAtOnce) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.Add("eps"), Verdict::kGoOn);
  EXPECT_EQ(guard.continuation(), "eps");
}

TEST(ContinuationGuardTest, WholeEchoIsDroppedOnce) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.Add("The quick brown fox jumps over "), Verdict::kHold);
  EXPECT_EQ(guard.Add("the lazy dog, and then it sleeps. The quick"), Verdict::kGoOn);
  EXPECT_EQ(guard.continuation(), "eps. The quick");
}

TEST(ContinuationGuardTest, EchoOfTheEndIsDroppedOnce) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.Add(" the lazy dog, and then"), Verdict::kHold);
  EXPECT_EQ(guard.Add(" it sleeps"), Verdict::kGoOn);
  EXPECT_EQ(guard.continuation(), "eps");
}

TEST(ContinuationGuardTest, RepetitionThatMayBeMeantStartsOver) {
  ContinuationGuard word(kKept);
  EXPECT_EQ(word.Add(" sleeps"), Verdict::kStartOver);
  // The line stands there twice already: a third one may well be meant.
  ContinuationGuard table("Here is a table:\n| aaaaaaaa | bbbbbbbbbb |\n| aaaaaaaa | bbbbbbbbbb |");
  EXPECT_EQ(table.Add("\n| aaaaaaaa | bbbbbbbbbb |\n| cc"), Verdict::kStartOver);
}

TEST(ContinuationGuardTest, NewStartWithTheSameWordsIsSeen) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.Add("The quick brown "), Verdict::kHold);
  EXPECT_EQ(guard.Add("dog"), Verdict::kStartOver);
}

TEST(ContinuationGuardTest, NewStartWithOtherWordsIsSeen) {
  EXPECT_EQ(ContinuationGuard(kKept).Add("Sure! A fox"), Verdict::kStartOver);
  EXPECT_EQ(ContinuationGuard(kKept).Add("Once upon"), Verdict::kStartOver);
  ContinuationGuard spaced(kKept);
  EXPECT_EQ(spaced.Add("\n\nOf "), Verdict::kHold);
  EXPECT_EQ(spaced.Add("course"), Verdict::kStartOver);
}

TEST(ContinuationGuardTest, WhiteSpaceAtTheJointComesOnce) {
  const std::string kept = std::string(kKept) + "eps.\n\n";
  ContinuationGuard guard(kept);
  EXPECT_EQ(guard.Add("\n"), Verdict::kHold);
  EXPECT_EQ(guard.Add("\nThen"), Verdict::kGoOn);
  EXPECT_EQ(guard.continuation(), "Then");
  ContinuationGuard echo(kept);
  EXPECT_EQ(echo.Add(kept + "Then"), Verdict::kGoOn);
  EXPECT_EQ(echo.continuation(), "Then");
}

TEST(ContinuationGuardTest, AnswerThatWasCompleteStaysAsItIs) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.End(), Verdict::kGoOn);
  EXPECT_EQ(guard.continuation(), "");
}

TEST(ContinuationGuardTest, NewStartThatWasCutOffStartsOver) {
  ContinuationGuard guard(kKept);
  EXPECT_EQ(guard.Add("The quick brown"), Verdict::kHold);
  EXPECT_EQ(guard.End(), Verdict::kStartOver);
}

}  // namespace
}  // namespace genwatch
