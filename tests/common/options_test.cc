#include "common/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "common/version.h"
#include "tests/support/temp_dir.h"

ABSL_FLAG(std::string, test_name, "nobody", "a name");
ABSL_FLAG(int, test_count, 1, "a number");
ABSL_FLAG(bool, test_switch, true, "a switch");

namespace genwatch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  ~OptionsTest() override {
    for (const std::string& name : variables_) unsetenv(name.c_str());
  }

  void SetVariable(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    variables_.push_back(name);
  }

  static absl::StatusOr<ParsedCommandLine> Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "program");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return ParseCommandLine(static_cast<int>(argv.size()), argv.data(),
                            {.name = "tester", .description = "Tests."});
  }

  static std::string Faults(const std::vector<std::string>& arguments) {
    return std::string(Parse(arguments).status().message());
  }

  TempDir dir_;

 private:
  absl::FlagSaver flags_;
  std::vector<std::string> variables_;
};

TEST_F(OptionsTest, FlagsTakeTheirValueAfterAnEqualSignOrASpace) {
  ASSERT_TRUE(Parse({"--test_name=ann", "--test_count", "-3", "--notest_switch"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "ann");
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), -3);
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_switch));
  ASSERT_TRUE(Parse({"-test_name", "a=b", "--test_switch"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "a=b");
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_switch));
  ASSERT_TRUE(Parse({"--test_switch=false", "--test_name="}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_switch));
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "");
}

TEST_F(OptionsTest, TheEnvironmentFillsInWhatTheCommandLineLeavesOpen) {
  SetVariable("GENWATCH_TEST_NAME", "eve");
  SetVariable("GENWATCH_TEST_COUNT", "7");
  ASSERT_TRUE(Parse({"--test_count=8"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "eve");
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 8);
}

TEST_F(OptionsTest, AnEmptyVariableIsNone) {
  SetVariable("GENWATCH_TEST_COUNT", "");
  ASSERT_TRUE(Parse({}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 1);
}

TEST_F(OptionsTest, AllFaultsAreReportedAtOnceAndNamed) {
  SetVariable("GENWATCH_TEST_SWITCH", "maybe");
  const auto parsed =
      Parse({"--test_nmae=x", "--test_count=many", "stray", "--notest_name", "--", "--test_name"});
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(parsed.status().message(),
            "--test_nmae: is not a flag of this program; --help lists them; "
            "--test_count: 'many' is not a valid value; "
            "'stray': is not a flag; "
            "--notest_name: is not a flag of this program; --help lists them; "
            "'--': is not followed by a name; "
            "--test_name: needs a value; "
            "GENWATCH_TEST_SWITCH: 'maybe' is not a valid value");
}

TEST_F(OptionsTest, FlagsMayComeFromAFile) {
  const std::string path = dir_.File("flags");
  std::ofstream(path) << "# comment\n\n  --test_name=filed \n--test_count 5\n--notest_switch\n";
  ASSERT_TRUE(Parse({"--flagfile=" + path, "--test_count=6"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "filed");
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 6);
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_switch));
}

TEST_F(OptionsTest, FaultsInAFileNameTheFile) {
  const std::string path = dir_.File("flags");
  std::ofstream(path) << "--test_count=x\n";
  EXPECT_THAT(Faults({"--flagfile", path}),
              AllOf(HasSubstr("--test_count (in "), HasSubstr(path), HasSubstr("'x'")));
  EXPECT_THAT(Faults({"--flagfile=/does/not/exist"}), HasSubstr("can't read '/does/not/exist'"));
}

TEST_F(OptionsTest, AFileThatNamesItselfIsAnErrorAndNoEndlessLoop) {
  const std::string path = dir_.File("flags");
  std::ofstream(path) << "--flagfile=" << path << "\n";
  EXPECT_THAT(Faults({"--flagfile=" + path}), HasSubstr("too deeply"));
}

TEST_F(OptionsTest, FromenvReadsTheNamedFlags) {
  SetVariable("FLAGS_test_name", "envy");
  ASSERT_TRUE(Parse({"--fromenv=test_name"}).ok());
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "envy");
  EXPECT_THAT(Faults({"--fromenv=test_count"}), HasSubstr("no FLAGS_test_count"));
  EXPECT_THAT(Faults({"--fromenv=other"}), HasSubstr("'other' is not a flag"));
}

TEST_F(OptionsTest, HelpListsFlagsWithDefaults) {
  const auto parsed = Parse({"--test_count=3", "--help"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->print_and_exit,
              AllOf(HasSubstr("tester "), HasSubstr("Tests."), HasSubstr("GENWATCH_"),
                    HasSubstr("--test_count  (default: 1)\n      a number"),
                    HasSubstr("--test_name  (default: \"nobody\")")));
}

TEST_F(OptionsTest, VersionIsTheBuilds) {
  const auto parsed = Parse({"--version"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->print_and_exit, std::string("tester ") + kVersion + "\n");
}

TEST_F(OptionsTest, NothingToPrintOtherwise) {
  const auto parsed = Parse({});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->print_and_exit, "");
}

}  // namespace
}  // namespace genwatch
