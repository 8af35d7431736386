@echo off
rem TreePO4J: finds Java 17 or newer, its own runtime first, and runs the command line.
setlocal
set "ROOT=%~dp0"
if "%ROOT:~-1%"=="\" set "ROOT=%ROOT:~0,-1%"
set "JAVA="
if exist "%ROOT%\runtime\bin\java.exe" set "JAVA=%ROOT%\runtime\bin\java.exe"
if not defined JAVA if defined JAVA_HOME if exist "%JAVA_HOME%\bin\java.exe" set "JAVA=%JAVA_HOME%\bin\java.exe"
if not defined JAVA for %%J in (java.exe) do set "JAVA=%%~$PATH:J"
if not defined JAVA (
  echo treepo: no Java 17 or newer found: install one or set JAVA_HOME>&2
  exit /b 1
)
set "VERSION="
for %%D in ("%JAVA%\..\..") do if exist "%%~fD\release" for /f "tokens=2 delims==." %%V in ('findstr /b JAVA_VERSION^= "%%~fD\release"') do set "VERSION=%%~V"
if defined VERSION set "VERSION=%VERSION:"=%"
if not defined VERSION set "VERSION=17"
if %VERSION% LSS 17 (
  echo treepo: Java 17 or newer is needed, "%JAVA%" is Java %VERSION%: install a newer one or set JAVA_HOME>&2
  exit /b 1
)
set "MORE="
if %VERSION% GEQ 24 set "MORE=--sun-misc-unsafe-memory-access=allow"
set "CP=%ROOT%\lib\*"
if exist "%ROOT%\lib\samediff" set "CP=%CP%;%ROOT%\lib\samediff\*"
echo "%*" | findstr /c:"--master" >nul && if exist "%ROOT%\lib\spark" set "CP=%CP%;%ROOT%\lib\spark\*"
if defined TREEPO_CLASSPATH set "CP=%CP%;%TREEPO_CLASSPATH%"
rem Two collectors are refused by the JVM.
set "COLLECTOR=-XX:+UseParallelGC"
if defined TREEPO_JAVA_OPTS echo "%TREEPO_JAVA_OPTS%" | findstr /r /c:"-XX:+Use[A-Za-z0-9]*GC" >nul && set "COLLECTOR="
"%JAVA%" "@%ROOT%\lib\java.options" %MORE% %COLLECTOR% "-Dtreepo.root=%ROOT%" -cp "%CP%" %TREEPO_JAVA_OPTS% org.treepo4j.cli.Main %*
exit /b %ERRORLEVEL%
