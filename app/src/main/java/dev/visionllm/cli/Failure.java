package dev.visionllm.cli;

import dev.visionllm.train.RunFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import tools.jackson.core.JacksonException;

/** What went wrong, in one line for a person. */
final class Failure {
  private Failure() {}

  /** Whether the user can mend it by giving something else: exit code 2. */
  static boolean isBadInput(Throwable e) {
    return e instanceof IllegalArgumentException
        || e instanceof IOException
        || e instanceof UncheckedIOException
        || e instanceof JacksonException;
  }

  /** One line without the class names of Java. */
  static String describe(Throwable e) {
    if (e instanceof UncheckedIOException io && isBare(io)) {
      return describe(io.getCause());
    }
    if (e instanceof NoSuchFileException file) {
      return "no such file or folder: " + file.getFile();
    }
    if (e instanceof AccessDeniedException file) {
      return "no permission to use " + file.getFile();
    }
    if (e instanceof FileAlreadyExistsException file) {
      return "exists already: " + file.getFile();
    }
    if (e instanceof NotDirectoryException file) {
      return "not a folder: " + file.getFile();
    }
    if (e instanceof JacksonException json) {
      return "malformed JSON or YAML: " + oneLine(json.getOriginalMessage());
    }
    if (e instanceof OutOfMemoryError) {
      return "out of memory ("
          + oneLine(e.getMessage())
          + "): use a smaller model or picture, or raise the heap, e.g. VISIONLLM_JAVA_OPTS=-Xmx8g";
    }
    if (e instanceof LinkageError) {
      return "the native libraries cannot be loaded ("
          + oneLine(e.getMessage())
          + "): see visionllm doctor --debug";
    }
    String message = oneLine(e.getMessage());
    if (message.contains("can't allocate memory")) {
      return "out of memory: use a smaller model or picture (" + message + ")";
    }
    return isBadInput(e) || e instanceof RunFailed
        ? message
        : "internal error: " + message + " (" + e.getClass().getSimpleName() + "; see --debug)";
  }

  /** The first line; libtorch adds its own stack below it. */
  static String oneLine(String message) {
    if (message == null || message.isBlank()) {
      return "no details";
    }
    return message.strip().lines().findFirst().orElseThrow().strip();
  }

  /** An UncheckedIOException without a message of its own. */
  private static boolean isBare(UncheckedIOException e) {
    return e.getMessage() == null || e.getMessage().equals(e.getCause().toString());
  }
}
