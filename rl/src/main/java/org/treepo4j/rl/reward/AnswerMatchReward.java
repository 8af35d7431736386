package org.treepo4j.rl.reward;

import java.util.Objects;
import org.treepo4j.grading.AnswerGrader;
import org.treepo4j.grading.Grade;

/** The outcome reward: one value for a right final answer, another for a wrong one. */
record AnswerMatchReward(AnswerGrader grader, double correct, double wrong) implements Reward {

  public AnswerMatchReward {
    Objects.requireNonNull(grader, "grader");
  }

  @Override
  public Score score(RewardInput input) {
    Grade grade = grader.grade(input.response(), input.task().answer());
    return new Score(
        grade.correct() ? correct : wrong, grade.correct(), grade.limited(), grade.extracted());
  }
}
