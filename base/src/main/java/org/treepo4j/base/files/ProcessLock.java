package org.treepo4j.base.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps other commands, in this process or another, from writing to a folder or file meanwhile. The
 * operating system releases it when the process ends, however it ends.
 *
 * <p>The lock is on a file of its own, {@code .lock} in a folder or {@code .NAME.lock} beside a
 * file, which holds the number of the process and stays when the lock is released: were it removed,
 * two processes could lock two files of that name.
 */
public final class ProcessLock implements AutoCloseable {
  /** Behind the content, so that others can read it where locked bytes cannot be read. */
  private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;

  private static final int LONGEST_NUMBER = 20;

  /**
   * Held in this process. To open a lock file that this process holds, and close it again, would
   * release it (fcntl(2)), so we look here first.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path key;

  /** Null where nothing is locked. */
  private final FileChannel channel;

  private ProcessLock(Path key, FileChannel channel) {
    this.key = key;
    this.channel = channel;
  }

  /** Somebody else writes. */
  public static final class HeldException extends IOException {
    private static final long serialVersionUID = 1;

    HeldException(Path what, String process) {
      super(what + ": is being written by process " + process);
    }
  }

  /**
   * Locks a folder, which exists.
   *
   * @throws HeldException at once, naming the process, where another command writes to it
   */
  public static ProcessLock ofFolder(Path folder) throws IOException {
    return acquire(folder, folder.toRealPath().resolve(".lock"));
  }

  /**
   * Locks a file, which need not exist; its folder is made if need be. Through links, it is the
   * file they lead to. A device, a pipe or a stream is shared by whoever opens it and not locked.
   *
   * @throws HeldException at once, naming the process, where another command writes to it
   */
  public static ProcessLock ofFile(Path file) throws IOException {
    Place place = Place.ofFile(file);
    if (place.special()) {
      return new ProcessLock(null, null);
    }
    Path path = place.path();
    DurableFiles.createDirectories(path.getParent());
    return acquire(file, path.getParent().toRealPath().resolve("." + path.getFileName() + ".lock"));
  }

  private static ProcessLock acquire(Path what, Path key) throws IOException {
    if (!HELD.add(key)) {
      throw new HeldException(what, ProcessHandle.current().pid() + " (this one)");
    }
    FileChannel channel = null;
    boolean done = false;
    try {
      channel =
          FileChannel.open(
              key, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock(LOCKED_BYTE, 1, false);
      if (lock == null) {
        throw new HeldException(what, holder(channel));
      }
      String process = ProcessHandle.current().pid() + "\n";
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(process.getBytes(StandardCharsets.US_ASCII)));
      done = true;
      return new ProcessLock(key, channel);
    } catch (HeldException e) {
      throw e;
    } catch (IOException e) {
      throw Place.named(key, e);
    } finally {
      if (!done) {
        if (channel != null) {
          channel.close();
        }
        HELD.remove(key);
      }
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer number = ByteBuffer.allocate(LONGEST_NUMBER);
    channel.read(number, 0);
    String text = new String(number.array(), 0, number.position(), StandardCharsets.US_ASCII);
    return text.isBlank() ? "unknown" : text.strip();
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
      HELD.remove(key);
    }
  }
}
