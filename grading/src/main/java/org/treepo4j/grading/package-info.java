/**
 * Decides whether an answer is right: {@link org.treepo4j.grading.AnswerGrader} finds the final
 * answer in a solution and compares it with the reference, exactly and within a fixed budget of
 * work. When in doubt, an answer is wrong.
 */
package org.treepo4j.grading;
