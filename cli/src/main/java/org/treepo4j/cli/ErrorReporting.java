package org.treepo4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.treepo4j.base.InputException;
import org.treepo4j.base.Printable;
import org.treepo4j.base.json.StrictJson;
import org.treepo4j.base.settings.SettingsException;
import org.treepo4j.model.EngineUnavailableException;
import org.treepo4j.rl.reward.RewardException;
import org.treepo4j.rl.run.TrainingException;
import picocli.CommandLine;

/** Turns whatever a command throws into one line on stderr and an exit code. */
final class ErrorReporting
    implements CommandLine.IParameterExceptionHandler, CommandLine.IExecutionExceptionHandler {

  static final int FAILED = 1;
  static final int BAD_INPUT = 2;

  private final OutputOptions output;

  /**
   * @param output as the command line set it when an error comes
   */
  ErrorReporting(OutputOptions output) {
    this.output = output;
  }

  @Override
  public int handleParseException(CommandLine.ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("treepo: " + oneLine(e.getMessage()));
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    err.flush();
    return BAD_INPUT;
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine command, CommandLine.ParseResult parsed) {
    PrintWriter err = command.getErr();
    int code = exitCode(e);
    err.println("treepo: " + message(e));
    if (output.debug()) {
      e.printStackTrace(err);
    } else if (code == FAILED && !endsARun(e)) {
      err.println("Run it with --debug for the stack trace.");
    }
    err.flush();
    return code;
  }

  private static int exitCode(Exception e) {
    if (e instanceof ResultStream.OutputException) {
      return FAILED;
    }
    return e instanceof IOException
            || e instanceof UncheckedIOException
            || e instanceof InputException
            || e instanceof SettingsException
            || e instanceof EngineUnavailableException
        ? BAD_INPUT
        : FAILED;
  }

  /** Whether the message says all there is to say. */
  private static boolean endsARun(Exception e) {
    return e instanceof ResultStream.OutputException
        || e instanceof TrainingException
        || e instanceof RewardException;
  }

  private static String message(Exception e) {
    if (e instanceof ResultStream.OutputException) {
      return e.getMessage();
    }
    if (e instanceof JsonProcessingException json) {
      return StrictJson.problem(json);
    }
    if (e instanceof CharacterCodingException) {
      return "expected UTF-8 text";
    }
    if (e instanceof NotDirectoryException other) {
      return other.getFile() + ": is not a folder";
    }
    if (e instanceof UncheckedIOException unchecked) {
      return message(unchecked.getCause());
    }
    if (e instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file or folder";
    }
    if (e instanceof AccessDeniedException denied) {
      return denied.getFile() + ": permission denied";
    }
    if (e instanceof FileAlreadyExistsException existing) {
      return existing.getFile() + ": exists already";
    }
    if (e instanceof FileSystemException fileSystem && fileSystem.getReason() != null) {
      return fileSystem.getFile() + ": " + fileSystem.getReason();
    }
    boolean known = exitCode(e) == BAD_INPUT || endsARun(e);
    String message = e.getMessage() == null ? "no more is known of it" : e.getMessage();
    return oneLine(known ? message : "unexpected error: " + message);
  }

  private static String oneLine(String message) {
    return Printable.of(message.replaceAll("\\s*\\R\\s*", " ").strip());
  }
}
