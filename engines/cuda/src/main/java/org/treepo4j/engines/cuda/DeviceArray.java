package org.treepo4j.engines.cuda;

/**
 * Numbers in the memory of a {@link Device}. A view ({@link #from}) shares the memory of its array
 * and ends with it.
 *
 * @param address of the first number
 * @param length how many there are
 */
record DeviceArray(Type type, long address, long length) {

  /** Types of numbers. */
  enum Type {
    F32(4),
    /** The upper half of a float32. */
    BF16(2),
    I32(4),
    F64(8);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Of one number. */
    int bytes() {
      return bytes;
    }
  }

  /** The numbers from one on, as a view. */
  DeviceArray from(long first) {
    return part(first, length - first);
  }

  /** Some of the numbers, as a view. */
  DeviceArray part(long first, long count) {
    if (first < 0 || count < 0 || first + count > length) {
      throw new IndexOutOfBoundsException(
          "%d numbers from %d on of %d".formatted(count, first, length));
    }
    return new DeviceArray(type, address + first * type.bytes(), count);
  }

  /** Whether it begins where 16 bytes are read at once. */
  boolean isWide() {
    return address % 16 == 0;
  }

  long bytes() {
    return length * type.bytes();
  }

  /**
   * The array itself, when it has this type and at least so many numbers.
   *
   * @param what its name in the message
   * @throws IllegalArgumentException when it has not
   */
  DeviceArray require(String what, Type wanted, long least) {
    if (type != wanted) {
      throw new IllegalArgumentException(what + " must be " + wanted + ", was " + type);
    }
    return require(what, least);
  }

  /** As above, of any type. */
  DeviceArray require(String what, long least) {
    if (length < least) {
      throw new IllegalArgumentException(
          "%s must have %d numbers, had %d".formatted(what, least, length));
    }
    return this;
  }
}
