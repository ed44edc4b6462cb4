package dev.visionllm.cli;

import dev.visionllm.train.Plan;
import dev.visionllm.train.Recipe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tells what a run would take: {@link Plan}, and how long at what this machine reaches now. */
final class DryRun {
  /**
   * What a run would take.
   *
   * @param gflops rate of the plan's product, measured for a second; null where operations are not
   *     counted
   * @param secondsPerStep the plan's operations at that rate, or null
   * @param seconds of the run; null where its steps are not known
   */
  record Report(
      String recipe,
      String objective,
      Plan plan,
      Double gflops,
      Double secondsPerStep,
      Double seconds) {}

  private static final long MOST_ROWS = 4096; // of the measured product
  private static final double GIGA = 1e9;

  private DryRun() {}

  static void print(CliCommand command, Path file, Recipe r) throws IOException {
    Plan plan = Plan.of(r);
    Plan.Product p = plan.product();
    ScalarType dtype =
        r.precision() == Recipe.Precision.BF16 ? ScalarType.BFloat16 : ScalarType.Float;
    long rows = p == null ? 0 : Math.min(p.rows(), MOST_ROWS);
    Double gflops = p == null ? null : (Double) Limits.product(dtype, rows, p.in(), p.out());
    Double step = p == null ? null : (Double) (plan.operations() / GIGA / gflops);
    Report report =
        new Report(
            file.toString(),
            r.objective().name().toLowerCase(Locale.ROOT),
            plan,
            gflops,
            step,
            plan.steps() == null || step == null ? null : plan.steps() * step);
    if (command.json()) {
      command.printJson(report);
      return;
    }
    command.print("%s: %s, nothing is trained", report.recipe, report.objective);
    parts(command, plan);
    memory(command, plan);
    command.print("");
    command.print(
        "a step   %,d samples, in %,d passes of %,d rows of at most %,d tokens",
        (long) plan.rows() * plan.passes(), plan.passes(), plan.rows(), plan.tokens());
    command.print(
        "steps    %s",
        plan.steps() == null
            ? "unknown: the recipe gives epochs, and a data folder is not there to count"
            : String.format(Locale.ROOT, "%,d", plan.steps())
                + (plan.samples() == null
                    ? ""
                    : String.format(Locale.ROOT, " over %,d samples", plan.samples())));
    plan.idle().forEach(i -> command.print("pattern %s of the recipe matches no parameter", i));
    if (step == null) {
      command.print("time     not estimated: convolutions are not counted");
      return;
    }
    command.print(
        "time     about %s a step%s, an estimate",
        duration(step), report.seconds == null ? "" : ", " + duration(report.seconds) + " in all");
    command.print(
        "         %,.1f GFLOP a step at %,.0f GFLOP/s, which a product of %d x %d with %d x %d",
        plan.operations() / GIGA, gflops, rows, p.in(), p.in(), p.out());
    command.print("         reached here just now; steps take longer where memory is the limit");
  }

  private static void parts(CliCommand command, Plan plan) {
    String row = "%-20s %16s %16s";
    command.print("");
    command.print(row, "part", "parameters", "learn");
    for (Plan.Part p : plan.parts()) {
      command.print(row, p.name(), number(p.parameters()), number(p.learning()));
    }
    command.print(row, "total", number(plan.parameters()), number(plan.learning()));
  }

  private static void memory(CliCommand command, Plan plan) {
    String row = "%-37s %16s";
    Plan.Memory m = plan.memory();
    command.print("");
    command.print("memory of one process");
    command.print(row, "weights, in fp32", ModelInfoCommand.size(m.weights()));
    command.print(row, "gradients", ModelInfoCommand.size(m.gradients()));
    command.print(row, "moments of AdamW", ModelInfoCommand.size(m.moments()));
    command.print(row, "activations of the language model", ModelInfoCommand.size(m.activations()));
    command.print(row, "sum, without other activations", ModelInfoCommand.size(m.sum()));
  }

  private static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  /** In the unit that suits it: "1.5 h". */
  static String duration(double seconds) {
    double[] sizes = {86_400, 3600, 60, 1};
    String[] units = {"days", "h", "min", "s"};
    for (int i = 0; i < sizes.length; i++) {
      if (seconds >= 2 * sizes[i]) {
        return String.format(Locale.ROOT, "%,.1f %s", seconds / sizes[i], units[i]);
      }
    }
    return String.format(Locale.ROOT, "%.2f s", seconds);
  }
}
