/**
 * From YAML and {@code --set a.b=c} to the settings records of the modules, strictly: {@link
 * org.treepo4j.base.settings.SettingsReader} is the way in.
 */
package org.treepo4j.base.settings;
