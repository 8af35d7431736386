package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.treepo4j.engines.cuda.DeviceArray.Type.BF16;
import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.engines.cuda.KernelCases.Case;
import org.treepo4j.engines.cuda.WarpgroupProducts.Layout;

@ExtendWith(TestDevice.class)
class ProductsTest {
  private final Device device = TestDevice.shared();
  private final Products products = new Products(device);

  /** A product of this class. */
  private interface Product {
    void run(
        int m, int n, int k, DeviceArray a, DeviceArray b, DeviceArray c, float alpha, boolean add);
  }

  @KernelCases
  void productsOfFloatsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int m = numbers.between(1, 90);
      int n = numbers.between(1, 90);
      int k = numbers.between(1, 70);
      check(numbers, products::nt, false, true, m, n, k, F32, F32);
      check(numbers, products::nn, false, false, m, n, k, F32, F32);
      check(numbers, products::tn, true, false, m, n, k, F32, F32);
    }
  }

  @KernelCases
  void productsOfBf16EqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      // Multiples of eight are copied in wide pieces.
      boolean wide = numbers.between(0, 1) == 0;
      int m = wide ? 8 * numbers.between(1, 17) : numbers.between(1, 140);
      int n = wide ? 8 * numbers.between(1, 17) : numbers.between(1, 140);
      int k = wide ? 8 * numbers.between(1, 17) : numbers.between(1, 140);
      Type to = numbers.between(0, 1) == 0 ? F32 : BF16;
      check(numbers, products::nt, false, true, m, n, k, BF16, to);
      check(numbers, products::nn, false, false, m, n, k, BF16, to);
      check(numbers, products::tn, true, false, m, n, k, BF16, to);
    }
  }

  @Test
  void warpgroupsThatAreThereAreTrusted() {
    assumeTrue(WarpgroupProducts.has(device.facts()), "skipped: only compute capability 9.0");
    WarpgroupProducts warpgroups = new WarpgroupProducts(device);
    try (Numbers numbers = new Numbers(device, new Random(1))) {
      int n = 256 * device.facts().multiprocessors();
      DeviceArray a = numbers.poison(BF16, 8L * n);
      for (Layout layout : Layout.values()) {
        assertThat(warpgroups.takes(layout, 8, n, 8, a, a)).as("%s", layout).isTrue();
      }
    }
  }

  /** By warpgroups where the device has them and rows are wide enough, else as others. */
  @KernelCases
  void productsOfTrainingEqualPlainLoops(Case from) {
    Products training = Products.ofTraining(device);
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int m = 8 * numbers.between(1, 20);
      int n = 8 * numbers.between(device.facts().multiprocessors() > 2 ? 1 : 33, 40);
      int k =
          8 * numbers.between(1, 60) + numbers.between(0, 1) * 256; // often more tiles than stages
      Type to = numbers.between(0, 1) == 0 ? F32 : BF16;
      check(numbers, training::nt, false, true, m, n, k, BF16, to);
      check(numbers, training::nn, false, false, m, n, k, BF16, to);
      check(numbers, training::tn, true, false, m, n, k, BF16, to);
    }
  }

  @KernelCases
  void productsOfFewRowsEqualPlainLoops(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int m = numbers.between(1, numbers.between(0, 1) == 0 ? 40 : 150);
      int n = numbers.between(1, 100);
      // Multiples of eight are read in wide pieces, long rows by more warps.
      int k = numbers.between(0, 1) == 0 ? 8 * numbers.between(1, 80) : numbers.between(1, 300);
      k += numbers.between(0, 2) == 0 ? 2048 : 0;
      check(numbers, products::rows, false, true, m, n, k, F32, F32);
      check(numbers, products::rows, false, true, m, n, k, BF16, F32);
      check(numbers, products::rows, false, true, m, n, k, BF16, BF16);
    }
  }

  /** Few rows are computed otherwise than many, to the same bits. */
  @KernelCases
  void bitsOfARowDoNotDependOnTheOthers(Case from) {
    try (Numbers numbers = new Numbers(device, from.begin())) {
      int m = numbers.between(33, 150);
      int n = numbers.between(1, 100);
      int k = 8 * numbers.between(1, 60) + (numbers.between(0, 1) == 0 ? 2048 : 0);
      for (Type type : new Type[] {F32, BF16}) {
        DeviceArray x = numbers.put(type, numbers.normal(type, m * k));
        DeviceArray w = numbers.put(type, numbers.normal(type, n * k));
        DeviceArray together = numbers.poison(F32, m * n);
        DeviceArray alone = numbers.poison(F32, n);
        products.rows(m, n, k, x, w, together, false);
        for (int row = 0; row < m; row += numbers.between(1, 30)) {
          products.rows(1, n, k, x.from((long) row * k), w, alone, false);
          assertThat(device.floats(alone))
              .isEqualTo(device.floats(together.part((long) row * n, n)));
        }
      }
    }
  }

  private static void check(
      Numbers numbers,
      Product product,
      boolean turnedA,
      boolean turnedB,
      int m,
      int n,
      int k,
      Type from,
      Type to) {
    double[] a = numbers.normal(from, m * k);
    double[] b = numbers.normal(from, n * k);
    double[] before = numbers.normal(to, m * n);
    float alpha = numbers.between(1, 4) / 2f;
    for (boolean add : new boolean[] {false, true}) {
      double[] expected = new double[m * n];
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int l = 0; l < k; l++) {
            sum += a[turnedA ? l * m + i : i * k + l] * b[turnedB ? j * k + l : l * n + j];
          }
          expected[i * n + j] = alpha * sum + (add ? before[i * n + j] : 0);
        }
      }
      DeviceArray c = add ? numbers.put(to, before) : numbers.poison(to, m * n);
      product.run(m, n, k, numbers.put(from, a), numbers.put(from, b), c, alpha, add);
      numbers.assertClose("c of %d×%d×%d".formatted(m, n, k), c, expected);
    }
  }
}
