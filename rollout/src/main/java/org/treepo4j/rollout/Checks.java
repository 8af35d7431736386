package org.treepo4j.rollout;

/** Checks of settings; every message starts with the name of the setting. */
final class Checks {
  private Checks() {}

  static void present(String name, Object value) {
    if (value == null) {
      throw new IllegalArgumentException(name + " must be given");
    }
  }

  static void positive(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }

  static void notNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " must not be negative, was " + value);
    }
  }

  static void atLeast(String name, long value, String boundName, long bound) {
    if (value < bound) {
      throw new IllegalArgumentException(
          name + " must be at least " + boundName + " (" + bound + "), was " + value);
    }
  }

  static void within(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(
          name + " must be within " + least + ".." + most + ", was " + value);
    }
  }
}
