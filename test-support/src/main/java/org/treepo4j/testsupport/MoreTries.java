package org.treepo4j.testsupport;

import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyAttributes;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Multiplies the tries of every property by the system property {@code treepo.tries}, which Maven's
 * profile {@code nightly} sets. jqwik finds it as a service.
 */
public final class MoreTries implements AroundPropertyHook {
  private static final int FACTOR = Integer.getInteger("treepo.tries", 1);
  private static final int DEFAULT_TRIES = 1000;

  /** Outside of all other hooks. */
  private static final int OUTERMOST = -100;

  @Override
  public PropagationMode propagateTo() {
    return PropagationMode.ALL_DESCENDANTS;
  }

  @Override
  public int aroundPropertyProximity() {
    return OUTERMOST;
  }

  @Override
  public PropertyExecutionResult aroundProperty(
      PropertyLifecycleContext context, PropertyExecutor property) {
    if (FACTOR > 1) {
      PropertyAttributes attributes = context.attributes();
      attributes.setTries(attributes.tries().orElse(DEFAULT_TRIES) * FACTOR);
      attributes.setSeed(null); // another one each time
    }
    return property.execute();
  }
}
