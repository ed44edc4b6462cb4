package dev.visionllm;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Who may use whom: the table of docs/adr/0002, and the few bans that hold everywhere. */
class ArchitectureTest {
  private static final String ROOT = "dev.visionllm.";

  private static final JavaClasses CORE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.visionllm");

  /** Package -> packages of ours it may use; "model" stands for every network. */
  private static final Map<String, List<String>> USES =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("geometry", List.of()),
              Map.entry("io", List.of()),
              Map.entry("text", List.of("io")),
              Map.entry("result", List.of("geometry")),
              Map.entry("tensor", List.of("geometry")),
              Map.entry("image", List.of("tensor", "geometry", "io")),
              Map.entry("loss", List.of("tensor", "geometry")),
              Map.entry("nn", List.of("tensor")),
              Map.entry("checkpoint", List.of("nn", "tensor", "io")),
              Map.entry("model", List.of("nn", "tensor", "image", "geometry", "loss")),
              Map.entry("link", List.of("nn", "tensor")),
              Map.entry("prompt", List.of("text", "image", "geometry")),
              Map.entry(
                  "vlm",
                  List.of(
                      "model",
                      "link",
                      "prompt",
                      "result",
                      "checkpoint",
                      "nn",
                      "tensor",
                      "image",
                      "text",
                      "loss",
                      "geometry",
                      "io"))));

  @TestFactory
  Stream<DynamicTest> packagesUseOnlyWhatTheTableAllows() {
    return USES.entrySet().stream()
        .map(
            rule ->
                DynamicTest.dynamicTest(
                    rule.getKey() + " -> " + rule.getValue(),
                    () -> {
                      List<String> allowed = new ArrayList<>();
                      allowed.add(ROOT + rule.getKey() + "..");
                      rule.getValue().forEach(p -> allowed.add(ROOT + p + ".."));
                      noClasses()
                          .that()
                          .resideInAPackage(ROOT + rule.getKey() + "..")
                          .should()
                          .dependOnClassesThat(
                              resideInAnyPackage("dev.visionllm..")
                                  .and(
                                      DescribedPredicate.not(
                                          resideInAnyPackage(allowed.toArray(String[]::new)))))
                          .allowEmptyShould(true)
                          .check(CORE);
                    }));
  }

  /** Geometry, text and results can be used, and tested, without a native library. */
  @Test
  void plainPackagesKnowNoTensors() {
    classes()
        .that()
        .resideInAnyPackage(ROOT + "geometry..", ROOT + "result..")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage("java..", ROOT + "geometry..", ROOT + "result.."))
        .allowEmptyShould(true)
        .check(CORE);
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + "text..", ROOT + "prompt..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bytedeco..")
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void networksDoNotKnowEachOther() {
    slices()
        .matching(ROOT + "model.(*)..")
        .should()
        .notDependOnEachOther()
        // UniPose is trained with Grounding DINO's denoising and criterion, as in the reference
        .ignoreDependency(
            resideInAPackage(ROOT + "model.unipose.."), resideInAPackage(ROOT + "model.gdino.."))
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + "(**)").should().beFreeOfCycles().check(CORE);
  }

  @Test
  void optionalsAndVectorsOfTheBindingStayHidden() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            ROOT + "tensor..",
            ROOT + "nn..",
            ROOT + "loss..",
            ROOT + "checkpoint..",
            ROOT + "train..")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are *Optional, *ArrayRef or *Vector of the binding (nn.F hides them)",
                (JavaClass c) ->
                    c.getPackageName().startsWith("org.bytedeco.pytorch")
                        && c.getSimpleName().matches(".*(Optional|ArrayRef|Vector)")))
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void modelCodeOpensNoScopesOfItsOwn() {
    noClasses()
        .that()
        .resideInAnyPackage(ROOT + "model..", ROOT + "link..", ROOT + "loss..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("org.bytedeco.javacpp.PointerScope")
        .allowEmptyShould(true)
        .check(CORE);
  }

  @Test
  void coreIsQuiet() {
    noClasses().should().accessField(System.class, "out").check(CORE);
    noClasses().should().accessField(System.class, "err").check(CORE);
    noClasses().should().callMethod(Throwable.class, "printStackTrace").check(CORE);
  }

  @Test
  void noReflection() {
    noClasses().should().dependOnClassesThat().resideInAPackage("java.lang.reflect..").check(CORE);
    noClasses().should().callMethod(Class.class, "forName", String.class).check(CORE);
  }

  /** The binding has 1,283 top-level classes, among them Scope, Module, Device and Token. */
  @Test
  void bindingIsImportedClassByClass() throws IOException {
    List<String> wildcards = new ArrayList<>();
    for (Path root : List.of(Path.of("src"), Path.of("..", "app", "src"))) {
      if (!Files.isDirectory(root)) {
        continue;
      }
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          for (String line : Files.readAllLines(file)) {
            if (line.matches("import (static )?org\\.bytedeco\\.pytorch(\\.[\\w.]+)?\\.\\*;")) {
              wildcards.add(file + ": " + line);
            }
          }
        }
      }
    }
    assertThat(wildcards).isEmpty();
  }

  @Test
  void everyPackageSaysWhatLivesThere() throws IOException {
    List<Path> silent = new ArrayList<>();
    try (Stream<Path> folders = Files.walk(Path.of("src", "main", "java"))) {
      for (Path folder : folders.filter(Files::isDirectory).toList()) {
        try (Stream<Path> files = Files.list(folder)) {
          List<String> names = files.map(f -> f.getFileName().toString()).toList();
          if (names.stream().anyMatch(n -> n.endsWith(".java"))
              && !names.contains("package-info.java")) {
            silent.add(folder);
          }
        }
      }
    }
    assertThat(silent).isEmpty();
  }
}
