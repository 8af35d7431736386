package org.treepo4j.spark;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.treepo4j.base.InputException;

/**
 * The addresses of standalone masters, {@code spark://HOST:PORT,HOST:PORT}. Spark asks a machine
 * that is not there for more than a minute before it says so, and does not say why.
 */
final class StandaloneMaster {
  private static final int PATIENCE_MILLIS = 10_000;
  private static final String SCHEME = "spark://";
  private static final Pattern ADDRESS = Pattern.compile("(.+):(\\d{1,5})");

  private StandaloneMaster() {}

  /**
   * Does nothing for addresses of other kinds.
   *
   * @throws InputException when none of the masters can be reached, which says why
   */
  static void require(String master) {
    if (!master.startsWith(SCHEME)) {
      return;
    }
    List<String> problems = new ArrayList<>();
    for (String each : master.substring(SCHEME.length()).split(",")) {
      Matcher address = ADDRESS.matcher(each);
      if (!address.matches() || Integer.parseInt(address.group(2)) > 65535) {
        throw new InputException(
            "--master %s: '%s' is no HOST:PORT, for example spark://10.0.0.1:7077"
                .formatted(master, each));
      }
      String problem = problem(address.group(1), Integer.parseInt(address.group(2)));
      if (problem == null) {
        return;
      }
      problems.add(problem);
    }
    throw new InputException("--master %s: %s".formatted(master, String.join("; ", problems)));
  }

  private static String problem(String host, int port) {
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      return "no machine is known by the name " + host;
    }
    try (Socket socket = new Socket()) {
      socket.connect(address, PATIENCE_MILLIS);
      return null;
    } catch (SocketTimeoutException e) {
      return "%s does not answer within %d s".formatted(host, PATIENCE_MILLIS / 1000);
    } catch (IOException e) {
      return "nothing can be reached at port %d of %s (%s)".formatted(port, host, e.getMessage());
    }
  }
}
