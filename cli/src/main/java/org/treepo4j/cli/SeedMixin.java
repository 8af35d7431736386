package org.treepo4j.cli;

import picocli.CommandLine.Option;

/** Where a command's random streams begin. */
final class SeedMixin {
  @Option(names = "--seed", paramLabel = "S", description = "Seed; default ${DEFAULT-VALUE}.")
  private long seed = 1;

  long value() {
    return seed;
  }
}
