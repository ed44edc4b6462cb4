package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Box;
import dev.visionllm.result.Detection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AnswersTest {

  @Test
  void namesAreFoundInText() {
    var names =
        new Names(List.of("dog", "hot dog", "wine_glass", "person", "knife", "bus", "cherry"));
    assertThat(names.in("Two hot dogs, a dog's bowl and wine glasses."))
        .containsExactly("hot dog", "dog", "wine_glass");
    assertThat(names.in("People with knives on buses eat CHERRIES"))
        .containsExactly("person", "knife", "bus", "cherry");
    assertThat(names.in("A dogma about glass.")).isEmpty();
    assertThat(names.in("")).isEmpty();
    assertThatThrownBy(() -> new Names(List.of("!"))).hasMessageContaining("no class name");
  }

  @Test
  void sameNames() {
    assertThat(Names.same("A Hot-Dog.", "hot dogs")).isTrue();
    assertThat(Names.same("the wolves", "wolf")).isTrue();
    assertThat(Names.same("potatoes", "potato")).isTrue();
    assertThat(Names.same("dog", "dogma")).isFalse();
    assertThat(Names.same("", "dog")).isFalse();
  }

  @Test
  void answersAreRead() {
    assertThat(Vqa.yesNo("Yes, there is no cat.")).isEqualTo(Optional.of(true));
    assertThat(Vqa.yesNo("There is no dog")).isEqualTo(Optional.of(false));
    assertThat(Vqa.yesNo("There isn't a dog")).isEqualTo(Optional.of(false));
    assertThat(Vqa.yesNo("I know a dog")).isEmpty();
    assertThat(Vqa.number("There are 12 dogs")).isEqualTo(OptionalInt.of(12));
    assertThat(Vqa.number("Three.")).isEqualTo(OptionalInt.of(3));
    assertThat(Vqa.number("twenty-one birds")).isEqualTo(OptionalInt.of(21));
    assertThat(Vqa.number("There are no dogs in a row")).isEqualTo(OptionalInt.of(0));
    assertThat(Vqa.number("There isn't a dog")).isEqualTo(OptionalInt.of(0));
    assertThat(Vqa.number("There is a dog")).isEqualTo(OptionalInt.of(1));
    assertThat(Vqa.number("many")).isEmpty();
    assertThat(Vqa.number("99999999999")).isEmpty();
  }

  @Test
  void vqaBalancesYesAndNo() {
    var colours = List.of("red", "dark red", "blue");
    var report =
        Vqa.score(
            List.of(
                new Vqa.Existence("existence", "Yes.", true),
                new Vqa.Existence("existence", "yes", true),
                new Vqa.Existence("existence", "hm", true),
                new Vqa.Existence("existence", "Yes", false),
                new Vqa.Counting("counting", "two", 2),
                new Vqa.Counting("counting", "three", 2),
                new Vqa.Choice("colour", "It is dark red.", "dark red", colours),
                new Vqa.Choice("colour", "It is red or blue.", "red", colours),
                new Vqa.Text("other", "The dogs", "dog")));
    assertThat(report.existence()).isCloseTo((2.0 / 3 + 0) / 2, within(1e-12));
    assertThat(report.counting()).isEqualTo(.5);
    assertThat(report.accuracy()).containsEntry("colour", .5).containsEntry("existence", .5);
    assertThat(report.questions()).containsEntry("existence", 4);
    assertThat(report.overall()).isCloseTo(5.0 / 9, within(1e-12));
    assertThat(report.unreadable()).isCloseTo(1.0 / 6, within(1e-12));
    assertThat(report.toString()).contains("counting exact").contains("0.5000");
    assertThat(Vqa.score(List.of()).toString()).contains("-");
    assertThatThrownBy(() -> new Vqa.Choice("colour", "x", "green", colours))
        .hasMessageContaining("green");
  }

  @Test
  void captionsAreScoredOverAllPictures() {
    var report =
        CaptionObjects.score(
            List.of(
                new CaptionObjects.Item("Two dogs and a cat.", Set.of("dog", "bus")),
                new CaptionObjects.Item("An empty street.", Set.of())),
            List.of("dog", "cat", "bus"));
    assertThat(report.precision()).isEqualTo(.5);
    assertThat(report.recall()).isEqualTo(.5);
    assertThat(report.f1()).isEqualTo(.5);
    assertThatThrownBy(
            () ->
                CaptionObjects.score(
                    List.of(new CaptionObjects.Item("x", Set.of("emu"))), List.of("dog")))
        .hasMessageContaining("emu");
  }

  @Test
  void recognitionAcceptsSentences() {
    var report =
        Recognition.score(
            List.of(
                new Recognition.Item("Dog.", "dog"),
                new Recognition.Item("This is a dog.", "dog"),
                new Recognition.Item("A dog or a cat.", "dog"),
                new Recognition.Item("cat", "cat")),
            List.of("dog", "cat"));
    assertThat(report.accuracy()).isEqualTo(.75);
    assertThat(report.perClass()).containsEntry("dog", 2.0 / 3).containsEntry("cat", 1.0);
    assertThat(report.meanPerClass()).isCloseTo(5.0 / 6, within(1e-12));
  }

  @Test
  void emptyPicturesCountFalseDetections() {
    var box = new Box(0, 0, 1, 1);
    var report =
        EmptyPictures.score(
            List.of(
                List.of(new Detection("dog", .4, box), new Detection("cat", .31, box)),
                List.of(new Detection("dog", .3, box)),
                List.of(),
                List.of()),
            .3);
    assertThat(report.share()).isEqualTo(.25);
    assertThat(report.perPicture()).isEqualTo(.5);
  }

  @Test
  void routingNeedsTokensAndClasses() {
    var dog = new Routing.Call("[DET]", "dog");
    var cat = new Routing.Call("[DET]", "cat");
    var report =
        Routing.score(
            List.of(
                new Routing.Item(List.of(cat, dog), List.of(dog, cat)),
                new Routing.Item(List.of(new Routing.Call("[SEG]", "dogs")), List.of(dog)),
                new Routing.Item(List.of(dog), List.of(dog, cat)),
                new Routing.Item(List.of(), List.of())));
    assertThat(report.tokens()).isEqualTo(.75);
    assertThat(report.classes()).isEqualTo(.75);
    assertThat(report.success()).isEqualTo(.5);
    assertThat(report.precision()).isEqualTo(1);
    assertThat(report.recall()).isEqualTo(.8);
  }
}
