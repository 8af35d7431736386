package org.treepo4j.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the rooms of docs/architecture.md point left only. */
@AnalyzeClasses(
    packages = "org.treepo4j",
    importOptions = {ImportOption.DoNotIncludeTests.class})
class RoomsTest {

  @ArchTest
  static final ArchRule arrowsPointLeftOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .withOptionalLayers(true)
          .layer("tokenizer")
          .definedBy("org.treepo4j.tokenizer..")
          .layer("checkpoints-io")
          .definedBy("org.treepo4j.checkpoints..")
          .layer("model")
          .definedBy("org.treepo4j.model..")
          .layer("rollout")
          .definedBy("org.treepo4j.rollout..")
          .layer("rl")
          .definedBy("org.treepo4j.rl..")
          .layer("cli")
          .definedBy("org.treepo4j.cli..")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("rl")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("rollout")
          .mayOnlyBeAccessedByLayers("rl", "cli")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("rollout", "rl", "cli")
          .whereLayer("checkpoints-io")
          .mayOnlyBeAccessedByLayers("model", "rollout", "rl", "cli")
          .whereLayer("tokenizer")
          .mayOnlyBeAccessedByLayers("model", "rollout", "rl", "cli");

  @ArchTest
  static final ArchRule roomsHaveNoCycles =
      slices().matching("org.treepo4j.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nd4jStaysInTheSamediffEngine =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.treepo4j.model..")
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
  static final ArchRule theVectorEngineNeedsNoNativeLibrary =
      noClasses()
          .that()
          .resideInAPackage("org.treepo4j.model.vector..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.nd4j..", "org.bytedeco..")
          .allowEmptyShould(true);
}
