package org.treepo4j.rl.metrics;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.treepo4j.base.files.AppendedFile;

/**
 * Scalars in TensorBoard's event file format: TFRecord frames (length, masked CRC-32C, data, masked
 * CRC-32C) that hold {@code Event} protocol buffers (tensorflow/core/util/event.proto), of which
 * five fields are enough to draw curves.
 */
final class TensorBoardWriter implements AutoCloseable {
  private static final Pattern NAME =
      Pattern.compile("events\\.out\\.tfevents\\.(\\d{1,18})\\.treepo4j.*");

  private static final int WIRE_VARINT = 0;
  private static final int WIRE_64 = 1;
  private static final int WIRE_BYTES = 2;
  private static final int WIRE_32 = 5;

  private final AppendedFile file;

  private TensorBoardWriter(AppendedFile file) {
    this.file = file;
  }

  /**
   * A new event file in a folder; TensorBoard reads all files of a folder as one run, by their
   * names, so a name comes after those that are there, whatever the clock says.
   */
  static TensorBoardWriter create(Path folder) throws IOException {
    long seconds = Math.max(0, System.currentTimeMillis() / 1000);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path other : files) {
        Matcher name = NAME.matcher(other.getFileName().toString());
        if (name.matches()) {
          seconds = Math.max(seconds, Long.parseLong(name.group(1)) + 1);
        }
      }
    }
    Path file =
        folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d.treepo4j", seconds));
    TensorBoardWriter writer = new TensorBoardWriter(AppendedFile.open(file));
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    wallTime(event);
    bytes(event, 3, "brain.Event:2".getBytes(StandardCharsets.UTF_8)); // file_version
    writer.record(event.toByteArray());
    return writer;
  }

  /** Tells TensorBoard to forget what other files of the folder say of this step and later ones. */
  void restart(long step) throws IOException {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    key(log, 1, WIRE_VARINT); // SessionLog.status
    varint(log, 1); // START
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    wallTime(event);
    key(event, 2, WIRE_VARINT); // step
    varint(event, step);
    bytes(event, 7, log.toByteArray()); // session_log
    record(event.toByteArray());
  }

  void scalars(long step, Map<String, ? extends Number> values) throws IOException {
    ByteArrayOutputStream summary = new ByteArrayOutputStream();
    values.forEach(
        (tag, number) -> {
          ByteArrayOutputStream value = new ByteArrayOutputStream();
          bytes(value, 1, tag.getBytes(StandardCharsets.UTF_8)); // tag
          key(value, 2, WIRE_32); // simple_value
          littleEndian(value, Float.floatToIntBits(number.floatValue()), Float.BYTES);
          bytes(summary, 1, value.toByteArray()); // Summary.value
        });
    ByteArrayOutputStream event = new ByteArrayOutputStream();
    wallTime(event);
    key(event, 2, WIRE_VARINT); // step
    varint(event, step);
    bytes(event, 5, summary.toByteArray()); // summary
    record(event.toByteArray());
  }

  private void record(byte[] data) throws IOException {
    ByteBuffer frame =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    frame.putLong(data.length);
    frame.putInt(maskedCrc(frame.array(), 0, Long.BYTES));
    frame.put(data);
    frame.putInt(maskedCrc(data, 0, data.length));
    file.append(frame.array());
  }

  /** TFRecord's mask: a CRC of data that holds CRCs would be weak. */
  private static int maskedCrc(byte[] data, int offset, int length) {
    CRC32C crc = new CRC32C();
    crc.update(data, offset, length);
    int value = (int) crc.getValue();
    return Integer.rotateRight(value, 15) + 0xa282ead8;
  }

  private static void wallTime(ByteArrayOutputStream event) {
    key(event, 1, WIRE_64);
    littleEndian(event, Double.doubleToLongBits(System.currentTimeMillis() / 1000.0), Double.BYTES);
  }

  private static void bytes(ByteArrayOutputStream out, int field, byte[] data) {
    key(out, field, WIRE_BYTES);
    varint(out, data.length);
    out.writeBytes(data);
  }

  private static void key(ByteArrayOutputStream out, int field, int wireType) {
    varint(out, field << 3 | wireType);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private static void littleEndian(ByteArrayOutputStream out, long bits, int bytes) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (bits >>> 8 * i));
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
