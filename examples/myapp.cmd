opgen init --domain example.com --runtime ../../runtime
opgen create api --group apps --version v1 --kind MyApp
