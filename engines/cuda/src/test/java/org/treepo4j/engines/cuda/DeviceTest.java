package org.treepo4j.engines.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.treepo4j.engines.cuda.DeviceArray.Type;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.testsupport.CudaEmulator;

@ExtendWith(TestDevice.class)
class DeviceTest {
  private static final long MEMORY = 8L << 30;

  private final Device device = TestDevice.shared();

  @AfterEach
  void pretendNothing() {
    if (CudaEmulator.isEmulated()) {
      TestDevice.pretend(13000, 90, 1, MEMORY);
    }
  }

  @Test
  void arraysHoldWhatWasWritten() {
    try (Numbers numbers = new Numbers(device, new java.util.Random(1))) {
      // More than passes through pinned memory at once.
      float[] values = new float[2_500_001];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      DeviceArray array = numbers.poison(Type.F32, values.length);
      DeviceArray other = numbers.poison(Type.F32, values.length);
      device.write(array, values, 0, values.length);
      device.write(array.from(10), new float[] {1, 2, 3}, 1, 2);
      device.copy(array, other);
      device.clear(other.part(3, 2));
      values[10] = 2;
      values[11] = 3;
      values[3] = values[4] = 0;
      assertThat(device.floats(other)).isEqualTo(values);
    }
  }

  @Test
  void aGraphRepeatsLaunchesOnWhatArraysHoldThen() {
    try (Numbers numbers = new Numbers(device, new java.util.Random(1))) {
      RowKernels rows = new RowKernels(device);
      DeviceArray x = numbers.put(Type.F32, new double[] {1, 2, 3});
      DeviceArray sum = numbers.put(Type.F32, new double[3]);
      rows.add(3, x, sum); // once outside, so that kernels are loaded
      device.clear(sum);
      try (Device.Graph graph = device.capture(() -> rows.add(3, x, sum))) {
        assertThat(device.floats(sum)).containsExactly(0, 0, 0);
        graph.launch();
        device.write(x, new float[] {10, 20, 30}, 0, 3);
        graph.launch();
      }
      assertThat(device.floats(sum)).containsExactly(11, 22, 33);
    }
  }

  @Test
  void launchesOverlapBehindOnesThatDo() {
    assumeTrue(CudaEmulator.isEmulated(), "skipped on a real device");
    assertThat(overlapping(13000, 90)).isEqualTo(2);
    assertThat(overlapping(12030, 90)).as("driver without such graphs").isZero();
    assertThat(overlapping(13000, 89)).as("device that cannot").isZero();
  }

  /** Overlapping launches of five, with a copy and another kernel among them. */
  private static int overlapping(int driver, int capability) {
    TestDevice.pretend(driver, capability, 1, MEMORY);
    try (Device device = Device.open();
        Numbers numbers = new Numbers(device, new java.util.Random(1))) {
      Products products = new Products(device);
      DeviceArray x = numbers.put(Type.BF16, numbers.normal(Type.BF16, 64));
      DeviceArray y = numbers.poison(Type.BF16, 64);
      products.rows(8, 8, 8, x, x, y, false); // loads the kernel
      int before = TestDevice.overlapped();
      products.rows(8, 8, 8, x, x, y, false);
      device.copy(x, y);
      products.rows(8, 8, 8, x, x, y, false);
      products.rows(8, 8, 8, x, x, y, false);
      products.nt(8, 8, 8, x, x, y, false);
      products.rows(8, 8, 8, x, x, y, false);
      return TestDevice.overlapped() - before;
    }
  }

  @Test
  void nothingIsReadWithinAGraph() {
    DeviceArray array = device.upload(1f);
    assertThatThrownBy(() -> device.capture(() -> device.floats(array)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("within a graph");
    device.free(array);
  }

  @Test
  void memoryThatIsNotThereIsRefusedInOneLine() {
    assertThatThrownBy(() -> device.allocate(Type.F32, 1L << 40))
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessageMatching("the GPU has too little memory: \\d+ MB more are needed, .* are free");
  }

  @Test
  void anArrayThatCouldNotGrowIsNotUsedAgain() {
    DeviceArray array = device.allocate(Type.F32, 3);
    assertThatThrownBy(() -> device.atLeast(array, Type.F32, 1L << 40))
        .isInstanceOf(EngineUnavailableException.class);
    DeviceArray other = device.allocate(Type.F32, 3); // perhaps in the place of the first
    DeviceArray again = device.atLeast(array, Type.F32, 2);
    assertThat(again.address()).isNotEqualTo(other.address());
    device.free(other);
    device.free(again);
  }

  @Test
  void anOldDeviceIsRefused() {
    assumeTrue(CudaEmulator.isEmulated(), "skipped on a real device");
    TestDevice.pretend(13000, 75, 1, MEMORY);
    assertThatThrownBy(Device::open)
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("emulated GPU has compute capability 7.5; 8.0 or more is needed");
  }

  @Test
  void anOldDriverIsRefused() {
    assumeTrue(CudaEmulator.isEmulated(), "skipped on a real device");
    TestDevice.pretend(11040, 90, 1, MEMORY);
    assertThatThrownBy(Device::open)
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage(
            "the NVIDIA driver is too old: it is for CUDA 11.4, CUDA 11.8 or later is needed");
  }

  @Test
  void noDeviceIsRefused() {
    assumeTrue(CudaEmulator.isEmulated(), "skipped on a real device");
    TestDevice.pretend(13000, 90, 0, MEMORY);
    assertThatThrownBy(Device::open)
        .isInstanceOf(EngineUnavailableException.class)
        .hasMessage("the NVIDIA driver finds no GPU on this machine");
  }

  @Test
  void anArrayIsFreedOnce() {
    DeviceArray array = device.allocate(Type.F32, 3);
    device.free(array);
    assertThatThrownBy(() -> device.free(array)).isInstanceOf(IllegalArgumentException.class);
  }
}
