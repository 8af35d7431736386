package org.treepo4j.engines.cuda;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.treepo4j.engines.cuda.TestDevice.Order;

/**
 * Runs a test of a kernel with random inputs in every order of threads. The parameter is a {@link
 * Case}.
 */
@ParameterizedTest(name = "{0}")
@ArgumentsSource(KernelCases.Cases.class)
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface KernelCases {

  /** Where random numbers come from, and the order of threads. */
  record Case(Order order, long seed) {
    /** Sets the order. */
    Random begin() {
      TestDevice.order(order);
      return new Random(seed);
    }
  }

  /** As many as {@code treepo.tries} says in every order; with AddressSanitizer one in all. */
  final class Cases implements ArgumentsProvider {
    private static final int TRIES = 2;

    @Override
    public Stream<? extends Arguments> provideArguments(ExtensionContext context) {
      int tries = TRIES * Integer.getInteger("treepo.tries", 1);
      int count = TestDevice.SANITIZED ? 1 : 3 * tries;
      long method = context.getRequiredTestMethod().getName().hashCode();
      return LongStream.range(0, count)
          .mapToObj(i -> new Case(Order.values()[(int) (i % 3)], method * 1000 + i))
          .map(Arguments::of);
    }
  }
}
