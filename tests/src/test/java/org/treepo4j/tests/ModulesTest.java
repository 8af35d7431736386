package org.treepo4j.tests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.not;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The dependencies between the modules of docs/architecture.md. */
@AnalyzeClasses(
    packages = "org.treepo4j",
    importOptions = {ImportOption.DoNotIncludeTests.class})
class ModulesTest {
  private static final String ROOT = "org.treepo4j.";

  /** What the packages of a module may use of ours, itself aside. */
  private static final Map<String, List<String>> MAY_USE =
      Map.ofEntries(
          Map.entry("base", List.of()),
          Map.entry("tokenizer", List.of("base")),
          Map.entry("checkpoints", List.of("base")),
          Map.entry("grading", List.of("base")),
          Map.entry("model", List.of("base", "checkpoints")),
          Map.entry("engines.vector", List.of("base", "checkpoints", "model")),
          Map.entry("engines.onednn", List.of("base", "checkpoints", "model", "engines.vector")),
          Map.entry("engines.samediff", List.of("base", "checkpoints", "model")),
          Map.entry("rollout", List.of("base", "checkpoints", "model")),
          Map.entry(
              "rl", List.of("base", "tokenizer", "checkpoints", "grading", "model", "rollout")),
          Map.entry(
              "report",
              List.of("base", "tokenizer", "checkpoints", "grading", "model", "rollout", "rl")),
          Map.entry(
              "laws",
              List.of(
                  "base",
                  "tokenizer",
                  "checkpoints",
                  "model",
                  "rollout",
                  "rl",
                  "engines.contract",
                  "testsupport")),
          Map.entry("serve", List.of("base", "tokenizer", "checkpoints", "model", "rollout", "rl")),
          Map.entry(
              "bench",
              List.of(
                  "base",
                  "checkpoints",
                  "model",
                  "rollout",
                  "tokenizer",
                  "serve",
                  "engines.vector",
                  "engines.samediff")));

  /**
   * A type whose static initializer makes one of its own subtypes waits for the subtype's
   * initialization, which waits for the type's: two threads that begin at either end never go on.
   */
  @ArchTest
  static void noTypeWaitsForItsOwnSubtypeToBeInitialized(JavaClasses all) {
    classes().should(not(makeANamedSubtypeWhenInitialized())).check(all);
  }

  private static ArchCondition<JavaClass> makeANamedSubtypeWhenInitialized() {
    return new ArchCondition<>("make a named subtype of their own in a static initializer") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        boolean awaitedBySubtypes =
            !type.isInterface()
                || type.getMethods().stream()
                    .anyMatch(
                        method ->
                            !method.getModifiers().contains(JavaModifier.ABSTRACT)
                                && !method.getModifiers().contains(JavaModifier.STATIC));
        type.getStaticInitializer().stream()
            .flatMap(initializer -> initializer.getConstructorCallsFromSelf().stream())
            .filter(call -> awaitedBySubtypes)
            .filter(call -> !call.getTargetOwner().equals(type))
            .filter(call -> !call.getTargetOwner().isAnonymousClass())
            .filter(call -> call.getTargetOwner().isAssignableTo(type.getName()))
            .forEach(
                call -> events.add(SimpleConditionEvent.satisfied(call, call.getDescription())));
      }
    };
  }

  @ArchTest
  static void modulesUseOnlyWhatTheyMay(JavaClasses all) {
    MAY_USE.forEach(
        (module, others) -> {
          String[] allowed =
              Stream.concat(Stream.of(module), others.stream())
                  .map(name -> ROOT + name + "..")
                  .toArray(String[]::new);
          classes()
              .that()
              .resideInAPackage(ROOT + module + "..")
              .should()
              .onlyDependOnClassesThat(
                  not(resideInAPackage("org.treepo4j..")).or(resideInAnyPackage(allowed)))
              .check(all);
        });
  }

  @ArchTest
  static final ArchRule modulesHaveNoCycles =
      slices().matching("org.treepo4j.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nd4jStaysInTheSamediffEngine =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.treepo4j.engines.samediff..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.nd4j..", "org.bytedeco..");

  @ArchTest
  static final ArchRule rolloutsKnowNoGradients =
      noClasses()
          .that()
          .resideInAPackage("org.treepo4j.rollout..")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.treepo4j.model.ForwardPass");

  @ArchTest
  static final ArchRule nettyStaysInTheHttpPackage =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.treepo4j.serve.http..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.netty..");
}
