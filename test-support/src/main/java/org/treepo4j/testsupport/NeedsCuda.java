package org.treepo4j.testsupport;

import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Skips tests of Jupiter and properties of jqwik, with a message, where there is neither a GPU nor
 * {@link CudaEmulator}.
 */
public final class NeedsCuda implements ExecutionCondition, SkipExecutionHook {

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return CudaEmulator.problem()
        .map(ConditionEvaluationResult::disabled)
        .orElse(ConditionEvaluationResult.enabled("a device is there"));
  }

  @Override
  public SkipResult shouldBeSkipped(LifecycleContext context) {
    return CudaEmulator.problem().map(SkipResult::skip).orElse(SkipResult.doNotSkip());
  }
}
