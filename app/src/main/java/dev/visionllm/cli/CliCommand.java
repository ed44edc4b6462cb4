package dev.visionllm.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What every command shares: where it prints, {@code --json}, {@code --debug}. A command throws
 * {@link IllegalArgumentException} or {@link java.io.IOException} on bad input and returns an exit
 * code otherwise.
 */
@Command(
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
abstract class CliCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print JSON for machines.")
  private boolean json;

  // read by Main from the arguments, since a failure may come before this field is set
  @Option(names = "--debug", description = "Show stack traces and the log.")
  private boolean debug;

  /** Whether the result is wanted as JSON. */
  final boolean json() {
    return json;
  }

  /** The words of the command line. */
  final List<String> arguments() {
    return spec.root().commandLine().getParseResult().originalArgs();
  }

  /** Results go here; warnings go through the logger. */
  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Where progress goes that is no warning, such as how far a long run is. */
  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Prints a formatted line, numbers as in English. */
  final void print(String format, Object... args) {
    out().println(args.length == 0 ? format : String.format(Locale.ROOT, format, args));
  }

  /** Says on the error stream what is wrong, where the command goes on nevertheless. */
  final void complain(Exception e) {
    out().flush();
    spec.commandLine().getErr().println("visionllm: " + Failure.describe(e));
    if (debug) {
      e.printStackTrace(spec.commandLine().getErr());
    }
  }

  /** Prints a record, map or list as JSON. */
  final void printJson(Object value) {
    Json.print(value, out());
  }
}
