package dev.visionllm.cli;

import dev.visionllm.tensor.Native;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Entry point of the command line: registers the commands, runs one, maps failures to exit codes.
 */
public final class Main {
  /** Done, and every check passed. */
  public static final int OK = 0;

  /** A check failed, or something broke while running. */
  public static final int FAILED = 1;

  /** The command line or an input file is wrong. */
  public static final int BAD_INPUT = 2;

  private Main() {}

  /** Every command, in the order of the help text. */
  static List<Object> commands() {
    return List.of(
        new DemoCommand(),
        new AskCommand(),
        new DetectCommand(),
        new SegmentCommand(),
        new GroundCommand(),
        new PoseCommand(),
        new GenerateCommand(),
        new EditCommand(),
        new ChatCommand(System.in),
        new TrainCommand(),
        new ModelCommand(),
        new DataCommand(),
        new EvaluateCommand(),
        new BenchCommand(),
        new DoctorCommand());
  }

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    if (List.of(args).contains("--debug")) {
      System.setProperty("visionllm.log", "DEBUG"); // before logback reads its configuration
    }
    Interrupt.handle();
    Native.alone();
    int code = run(commands(), writer(FileDescriptor.out), writer(FileDescriptor.err), args);
    Interrupt.over();
    System.exit(code);
  }

  /**
   * Runs one command line.
   *
   * @return {@link #OK}, {@link #FAILED} or {@link #BAD_INPUT}
   */
  static int run(List<Object> commands, PrintWriter out, PrintWriter err, String... args) {
    CommandLine line = new CommandLine(new Root());
    commands.forEach(line::addSubcommand);
    line.setOut(out).setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExpandAtFiles(false); // questions and class names may begin with @
    line.setParameterExceptionHandler((e, given) -> usageError(e));
    line.setExecutionExceptionHandler((e, at, parsed) -> failure(e, err, List.of(args)));
    try {
      return line.execute(args);
    } catch (OutOfMemoryError | LinkageError e) {
      return failure(e, err, List.of(args));
    } finally {
      out.flush();
      err.flush();
    }
  }

  private static int usageError(ParameterException e) {
    CommandLine at = e.getCommandLine();
    StringBuilder line = new StringBuilder("visionllm: ").append(Failure.oneLine(e.getMessage()));
    if (e instanceof UnmatchedArgumentException unmatched
        && !unmatched.getSuggestions().isEmpty()) {
      line.append("; did you mean ").append(String.join(" or ", unmatched.getSuggestions()));
      line.append("?");
    }
    line.append(" (see ").append(at.getCommandSpec().qualifiedName()).append(" --help)");
    at.getErr().println(line);
    return BAD_INPUT;
  }

  private static int failure(Throwable e, PrintWriter err, List<String> args) {
    err.println("visionllm: " + Failure.describe(e));
    if (args.contains("--debug")) {
      e.printStackTrace(err);
    }
    return Failure.isBadInput(e) ? BAD_INPUT : FAILED;
  }

  private static PrintWriter writer(FileDescriptor to) {
    return new PrintWriter(
        new OutputStreamWriter(new FileOutputStream(to), StandardCharsets.UTF_8), true);
  }

  /** The version that the build wrote into the jar. */
  static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development build" : version;
  }

  /** {@code visionllm} without a command. */
  @Command(
      name = "visionllm",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      description = "VisionLLM v2 on the JVM: ask about pictures, find objects in them.",
      synopsisSubcommandLabel = "COMMAND",
      footer = {
        "",
        "Examples:",
        "  visionllm demo                see the shipped model at work",
        "  visionllm ask photo.png \"What is in this picture?\"",
        "  visionllm detect photo.png dog bicycle --out found.png",
        "  visionllm COMMAND --help      options and examples of a command",
        "",
        "Exit codes: 0 done, 1 a check or the run failed, 2 bad usage or input, 130 interrupted."
      })
  static final class Root implements Runnable {
    @Spec private CommandSpec spec;

    @Override
    public void run() {
      throw new ParameterException(spec.commandLine(), "no command given");
    }
  }

  /** Prints {@code visionllm VERSION}. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"visionllm " + version()};
    }
  }
}
